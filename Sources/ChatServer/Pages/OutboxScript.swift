extension Pages {
  /// `/static/outbox.js`: the messages that are not yet acknowledged.
  static let outboxScript = #"""
    // The messages on their way. Each has a key of its own, under which the server saves it once
    // however often it comes: a message may be sent again whenever its fate is unknown.

    const PATIENCE = 10_000;
    const AUTOMATIC_TRIES = 4;

    export class Outbox {
      /**
       * @param {string} name where the entries outlive a reload of the page
       * @param {{emit: Function, isConnected: Function, show: Function, remove: Function,
       *          delivered: Function}} handler `emit(text, key, timeout)` promises `{id, time}` or
       *   `{error}`; `show(entry)` draws it; `delivered(entry, answer)` comes after `remove(entry)`
       */
      constructor(name, handler) {
        this.name = name;
        this.handler = handler;
        this.entries = [];
        for (const { key, text } of this.load()) this.append(key, text);
      }

      add(text) {
        const entry = this.append(newKey(), text);
        this.store();
        this.send(entry);
      }

      append(key, text) {
        const entry = { key, text, state: "sending", tries: 0 };
        this.entries.push(entry);
        this.expect(entry);
        return entry;
      }

      /** The connection is there: everything of unknown fate goes out, in order. */
      flush() {
        for (const entry of [...this.entries]) {
          if (entry.state !== "refused" && entry.tries < AUTOMATIC_TRIES) this.retry(entry);
        }
      }

      /** The reader asked for it. */
      sendAgain(entry) {
        entry.tries = 0;
        this.retry(entry);
      }

      discard(entry) {
        clearTimeout(entry.timer);
        this.entries = this.entries.filter((other) => other !== entry);
        this.store();
        this.handler.remove(entry);
      }

      /**
       * A message of one's own name came from the server. When it says what waits here, it most
       * likely is that: the entry is not shown beside it while its acknowledgment is under way.
       */
      arrived({ id, message }) {
        const entry = this.entries.find((one) =>
          one.state === "sending" && one.tries > 0 && one.assumed === undefined
            && one.text === message);
        if (!entry) return;
        entry.assumed = id;
        this.handler.remove(entry);
      }

      retry(entry) {
        entry.state = "sending";
        this.expect(entry);
        this.send(entry);
      }

      /** Shows the entry as under way, and as failed when nothing comes of that. */
      expect(entry) {
        clearTimeout(entry.timer);
        entry.timer = setTimeout(() => this.fail(entry, "failed"), PATIENCE);
        entry.waiting = !this.handler.isConnected();
        if (entry.assumed === undefined) this.handler.show(entry);
      }

      fail(entry, state, reason) {
        if (!this.entries.includes(entry)) return;
        clearTimeout(entry.timer);
        entry.state = state;
        entry.reason = reason;
        entry.assumed = undefined;
        this.handler.show(entry);
      }

      async send(entry) {
        if (!this.handler.isConnected()) return;
        entry.tries += 1;
        let answer;
        try {
          answer = await this.handler.emit(entry.text, entry.key, PATIENCE);
        } catch (error) {
          if (error.message === "too long") this.fail(entry, "refused", "The message is too long");
          // Otherwise its fate is open: the clock runs, and the next connection sends it again.
          return;
        }
        if (!this.entries.includes(entry)) return;
        if (answer?.id === undefined) {
          this.fail(entry, "refused", String(answer?.error ?? "The server did not take it"));
        } else {
          this.discard(entry);
          this.handler.delivered(entry, answer);
        }
      }

      // A reload must not lose what somebody wrote. The store may be full or forbidden.

      load() {
        try {
          const saved = JSON.parse(sessionStorage.getItem(this.name) ?? "[]");
          return saved.filter((one) => typeof one.key === "string" && typeof one.text === "string");
        } catch {
          return [];
        }
      }

      store() {
        try {
          const plain = this.entries.map(({ key, text }) => ({ key, text }));
          sessionStorage.setItem(this.name, JSON.stringify(plain));
        } catch { /* the page works without */ }
      }
    }

    /** 128 random bits; crypto.randomUUID is missing on http:// pages. */
    function newKey() {
      const octets = crypto.getRandomValues(new Uint8Array(16));
      return Array.from(octets, (one) => one.toString(16).padStart(2, "0")).join("");
    }
    """#
}
