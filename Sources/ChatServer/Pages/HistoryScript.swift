extension Pages {
  /// `/static/history.js`: what was said while this page was away, and before it came.
  static let historyScript = #"""
    // What the server keeps of the room. With a connection come the newest messages behind those
    // that the page has; when they are many, the ones between are asked for, part by part.

    const TIMEOUT = 15_000;

    export class History {
      /**
       * @param {MessageList} messages where they are shown
       * @param {Element} button asks for what was before, on the reader's demand
       * @param {Function} emit `emit("earlier", {before}, timeout)` promises `{messages, more}`
       */
      constructor(messages, button, emit) {
        this.messages = messages;
        this.button = button;
        this.emit = emit;
        // The last message before a hole that is not filled yet.
        this.hole = undefined;
        this.button.addEventListener("click", () => this.earlier());
      }

      /** Everything up to the message with this id is here; CONNECT says so. */
      get after() {
        return this.hole ?? this.messages.lastID;
      }

      /** What came with a connection. */
      restored({ messages, more }) {
        const after = this.after;
        this.messages.add(messages);
        if (after === 0) {
          this.button.hidden = !more;
        } else if (more && messages.length > 0) {
          this.hole = after;
          this.fill(messages[0].id);
        } else {
          this.hole = undefined;
        }
      }

      /** From the newest down to what is here. A connection that ends leaves it to the next. */
      async fill(id) {
        const run = {};
        this.run = run;
        let oldest = id;
        while (oldest > this.hole + 1) {
          const answer = await this.ask(oldest);
          if (this.run !== run || !answer) return;
          this.messages.add(answer.messages.filter((one) => one.id > this.hole));
          if (!answer.more || answer.messages.length === 0) break;
          oldest = answer.messages[0].id;
        }
        this.hole = undefined;
      }

      /** The reader wants to see what was before the first message. */
      async earlier() {
        this.button.disabled = true;
        const answer = await this.ask(this.messages.firstID);
        this.button.disabled = false;
        if (!answer) return;
        this.messages.addEarlier(answer.messages);
        this.button.hidden = !answer.more;
      }

      async ask(before) {
        try {
          const answer = await this.emit("earlier", { before }, TIMEOUT);
          return Array.isArray(answer?.messages) ? answer : null;
        } catch {
          return null;
        }
      }
    }
    """#
}
