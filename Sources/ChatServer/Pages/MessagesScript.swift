extension Pages {
  /// `/static/messages.js`: the list of messages as the reader sees it.
  static let messagesScript = #"""
    // The list of messages: in the order of their ids, each once, with a line where a day begins.
    // All text goes in as text: nothing that somebody wrote is ever read as HTML.

    const NEAR_END = 48;
    const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
    const calendar = new Intl.DateTimeFormat(undefined, {
      weekday: "long", day: "numeric", month: "long",
    });
    const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });

    /** An element with a class and a text. */
    export function element(tag, className, text) {
      const node = document.createElement(tag);
      if (className) node.className = className;
      if (text !== undefined) node.textContent = text;
      return node;
    }

    export class MessageList {
      /**
       * @param {{log: Element, list: Element, outbox: Element, jump: Element}} parts the scrolled
       *   area; in it the messages, and those not yet sent; the button that leads to the end
       * @param {string} name whose messages are one's own
       */
      constructor({ log, list, outbox, jump }, name) {
        Object.assign(this, { log, list, outbox, jump, name });
        this.byID = new Map();
        // The elements of messages with an id, in the order of these.
        this.order = [];
        this.pending = new Map();
        this.lastID = 0;
        this.unread = 0;
        this.following = true;
        this.log.addEventListener("scroll", () => this.scrolled(), { passive: true });
        this.jump.addEventListener("click", () => {
          this.toEnd();
          this.log.focus({ preventScroll: true });
        });
        // The keyboard of a phone, a turned screen: the end stays in sight.
        new ResizeObserver(() => this.settle()).observe(this.log);
      }

      /** The id of the first message shown. */
      get firstID() {
        return this.order[0]?.number ?? 0;
      }

      /** Adds messages; one that is there already is not shown twice. Returns how many others'. */
      add(messages) {
        this.log.setAttribute("aria-busy", "true");
        let added = 0;
        for (const message of messages) {
          if (this.insert(message) && message.sender !== this.name) added += 1;
        }
        this.log.setAttribute("aria-busy", "false");
        if (!this.following && added > 0) {
          this.unread += added;
          this.showJump();
        }
        this.settle();
        return added;
      }

      /** Adds messages before all others, and keeps in place what the reader sees. */
      addEarlier(messages) {
        const below = this.log.scrollHeight - this.log.scrollTop;
        this.following = false;
        for (const message of messages) this.insert(message);
        this.log.scrollTop = this.log.scrollHeight - below;
      }

      clear() {
        this.list.replaceChildren();
        this.byID.clear();
        this.order = [];
        this.lastID = 0;
      }

      insert(message) {
        const { id, message: text } = message;
        const known = this.byID.get(id);
        if (known) {
          // What the server says counts, should it have changed the text on its way.
          const body = known.querySelector(".text");
          if (body && body.textContent !== text) body.textContent = text;
          return false;
        }
        const item = message.sender === "" ? notice(message) : this.bubble(message);
        item.when = new Date(message.time ?? Date.now());
        if (Number.isSafeInteger(id) && id > 0) {
          item.number = id;
          this.byID.set(id, item);
        }
        this.place(item);
        this.lastID = Math.max(this.lastID, item.number ?? 0);
        return true;
      }

      /**
       * Behind the last message with a smaller id. That is the end for most; before it come those
       * of a hole in the history, and those of an earlier time.
       */
      place(item) {
        let follower = null;
        if (item.number < this.lastID) {
          // A search by halves: the list may be long.
          const numbered = this.order;
          let low = 0;
          let high = numbered.length;
          while (low < high) {
            const middle = (low + high) >> 1;
            if (numbered[middle].number > item.number) high = middle;
            else low = middle + 1;
          }
          follower = numbered[low] ?? null;
          numbered.splice(low, 0, item);
        } else if (item.number) {
          this.order.push(item);
        }
        // What stands before it, apart from the line of a day that begins with the follower.
        let last = follower ? follower.previousElementSibling : this.list.lastElementChild;
        if (last?.className === "day" && !sameDay(last, item)) {
          follower = last;
          last = last.previousElementSibling;
        }
        if (!last || !sameDay(last, item)) this.list.insertBefore(dayLine(item.when), follower);
        this.list.insertBefore(item, follower);
      }

      bubble({ sender, message, time }) {
        const own = sender === this.name;
        const item = element("li", own ? "message own" : "message");
        const head = element("p", "head");
        const author = element("bdi", "sender", sender);
        head.append(author);
        if (own) head.append(" ", element("span", "you", "(you)"));
        head.append(" ", timeOf(time));
        const text = element("p", "text", message);
        text.dir = "auto";
        item.append(head, text);
        return item;
      }

      // Messages that are not yet acknowledged stand behind all others.

      /** Draws an entry of the outbox in its present state. */
      showPending(entry, actions) {
        const before = this.pending.get(entry.key);
        const item = element("li", `message own ${entry.state}`);
        const text = element("p", "text", entry.text);
        text.dir = "auto";
        const head = element("p", "head");
        head.append(element("bdi", "sender", this.name), " ", element("span", "you", "(you)"));
        const foot = element("p", "foot");
        if (entry.state === "sending") {
          foot.append(entry.waiting ? "Waiting for the connection…" : "Sending…");
        } else {
          const why = entry.reason ? `Not sent: ${entry.reason}` : "Not sent";
          foot.append(element("strong", "", why));
          for (const [label, action] of actions) {
            const button = element("button", "small", label);
            button.type = "button";
            button.addEventListener("click", action);
            foot.append(button);
          }
        }
        item.append(head, text, foot);
        if (before) before.replaceWith(item);
        else this.outbox.append(item);
        this.pending.set(entry.key, item);
        this.settle();
      }

      removePending(entry) {
        this.pending.get(entry.key)?.remove();
        this.pending.delete(entry.key);
      }

      // Scrolling: the list follows its end until the reader looks back.

      scrolled() {
        const { scrollTop, clientHeight, scrollHeight } = this.log;
        this.following = scrollHeight - scrollTop - clientHeight < NEAR_END;
        if (this.following) this.unread = 0;
        this.showJump();
      }

      settle() {
        if (this.following) this.log.scrollTop = this.log.scrollHeight;
      }

      toEnd() {
        this.following = true;
        this.unread = 0;
        this.settle();
        this.showJump();
      }

      showJump() {
        this.jump.hidden = this.following;
        const label = ["To the end", "1 new message"][this.unread] ?? `${this.unread} new messages`;
        this.jump.textContent = `${label} ↓`;
      }
    }

    function sameDay(one, other) {
      return one.when.toDateString() === other.when.toDateString();
    }

    function dayLine(when) {
      const line = element("li", "day");
      line.append(element("span", "", calendar.format(when)));
      line.when = when;
      return line;
    }

    function notice({ message, time }) {
      const item = element("li", "notice");
      const text = element("span", "text", message);
      text.dir = "auto";
      item.append(text, " ", timeOf(time));
      return item;
    }

    function timeOf(time) {
      const when = new Date(time ?? Date.now());
      const node = element("time", "", clock.format(when));
      node.dateTime = when.toISOString();
      node.title = exact.format(when);
      return node;
    }
    """#
}
