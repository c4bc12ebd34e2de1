extension Pages {
  /// `/static/room.js`: the room page, put together of its parts.
  static let roomScript = #"""
    // The room page: what the reader does goes out, what the server says is shown.

    import { Connection } from "./connection.js";
    import { MessageList, element } from "./messages.js";
    import { History } from "./history.js";
    import { Outbox } from "./outbox.js";
    import { copyText } from "./clipboard.js";

    const { code, name, path } = document.body.dataset;
    const part = (id) => document.getElementById(id);
    const input = part("text");
    const title = document.title;
    const words = {
      connecting: "Connecting…",
      connected: "Connected",
      reconnecting: "Reconnecting…",
      refused: "Not connected",
    };
    // True from the room's history on: only then is it certain which room a message goes to.
    let joined = false;
    let startedOver = false;
    let unseen = 0;

    const messages = new MessageList(
      { log: part("log"), list: part("messages"), outbox: part("outbox"), jump: part("jump") },
      name);

    const connection = new Connection(path || "/socket.io/", {
      payload: () => ({ after: history.after }),
      state(state) {
        joined = joined && state === "connected";
        const status = part("status");
        status.dataset.state = state;
        part("status-text").textContent = words[state];
      },
      refused: (reason) => alertReader(reason),
      event(event, argument) {
        const body = argument ?? {};
        if (event === "message") received(body);
        else if (event === "history") restored(body);
        else if (event === "members") showMembers(body.members ?? []);
      },
    });

    const history = new History(messages, part("earlier"), (...event) => connection.emit(...event));

    const outbox = new Outbox(`netlab ${code} ${name} outbox`, {
      emit: (text, key, timeout) => connection.emit("message", { message: text, key }, timeout),
      isConnected: () => joined,
      show: (entry) => messages.showPending(entry, [
        ["Send again", () => {
          input.focus();
          outbox.sendAgain(entry);
          connection.hurry();
        }],
        ["Edit", () => {
          outbox.discard(entry);
          input.value = input.value === "" ? entry.text : `${entry.text}\n${input.value}`;
          keepDraft();
          fit();
          input.focus();
        }],
        ["Delete", () => {
          input.focus();
          outbox.discard(entry);
        }],
      ]),
      remove: (entry) => messages.removePending(entry),
      delivered(entry, { id, time }) {
        messages.add([{ sender: name, message: entry.text, id, time }]);
      },
    });

    // From the server.

    function received(message) {
      if (message.error !== undefined) {
        // Let in, but into nothing: the room is gone.
        if (!joined) connection.refuse();
        alertReader(String(message.error));
        return;
      }
      if (message.sender === name) outbox.arrived(message);
      if (messages.add([message]) > 0 && document.hidden) {
        unseen += message.sender === "" ? 0 : 1;
        document.title = unseen > 0 ? `(${unseen}) ${title}` : title;
      }
    }

    function restored(event) {
      if (event.room !== undefined && event.room !== code) {
        // Another tab went to another room, and the session with it.
        connection.refuse();
        alertReader(`You are in room ${event.room} now, in another tab`);
        return;
      }
      if (event.last < messages.lastID && !startedOver) {
        // The server knows less than this page: it began anew.
        startedOver = true;
        messages.clear();
        history.hole = undefined;
        connection.start();
        return;
      }
      const arrived = event.messages ?? [];
      for (const message of arrived) {
        if (message.sender === name) outbox.arrived(message);
      }
      history.restored({ messages: arrived, more: event.more === true });
      part("alert").hidden = true;
      joined = true;
      outbox.flush();
    }

    function showMembers(members) {
      const mine = members.indexOf(name);
      part("members").replaceChildren(...members.map((member, index) => {
        const item = element("li", "");
        item.append(element("bdi", "", member));
        if (index === mine) item.append(" ", element("span", "you", "(you)"));
        return item;
      }));
      part("count").textContent = `${members.length} here`;
    }

    function alertReader(reason) {
      part("alert-text").textContent = reason;
      part("again").hidden = connection.isConnected;
      part("alert").hidden = false;
    }

    // From the reader.

    const draft = `netlab ${code} ${name} draft`;

    function keepDraft() {
      try {
        sessionStorage.setItem(draft, input.value);
      } catch { /* the page works without */ }
    }

    /** As high as its text, up to the limit of the style sheet. */
    function fit() {
      input.style.height = "auto";
      input.style.height = `${input.scrollHeight + input.offsetHeight - input.clientHeight}px`;
    }

    function submit() {
      const text = input.value;
      if (text.trim() === "") return;
      input.value = "";
      keepDraft();
      fit();
      messages.toEnd();
      outbox.add(text);
    }

    part("composer").addEventListener("submit", (event) => {
      event.preventDefault();
      submit();
      input.focus();
    });
    input.addEventListener("keydown", (event) => {
      // Enter that ends the choice of a character belongs to the input method.
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        submit();
      }
    });
    input.addEventListener("input", () => {
      keepDraft();
      fit();
    });

    part("copy").addEventListener("click", async () => {
      const copied = await copyText(part("code"));
      const outcome = copied ? "Copied" : "Press Ctrl+C";
      part("copied").textContent = outcome;
      part("copy").textContent = outcome;
      setTimeout(() => {
        part("copied").textContent = "";
        part("copy").textContent = "Copy";
      }, 3_000);
    });

    part("people").addEventListener("click", () => {
      const open = document.body.classList.toggle("people-open");
      part("people").setAttribute("aria-expanded", String(open));
    });

    part("again").addEventListener("click", () => {
      part("alert").hidden = true;
      connection.start();
    });

    document.addEventListener("visibilitychange", () => {
      if (document.hidden) return;
      unseen = 0;
      document.title = title;
    });

    try {
      input.value = sessionStorage.getItem(draft) ?? "";
    } catch { /* nothing kept */ }
    fit();
    // Not on a touch screen: the keyboard would cover half of the room.
    if (window.matchMedia("(hover: hover)").matches) input.focus();
    connection.start();
    """#
}
