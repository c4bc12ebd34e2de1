extension Pages {
  /// `/static/connection.js`: one connection after the other, for as long as the page is open.
  static let connectionScript = #"""
    // Keeps the page connected: when a connection is lost the next one is tried, after a while that
    // doubles from try to try, and at once when there is reason to hope.

    import { Socket, NotAcknowledged } from "./socket.js";

    const FIRST_DELAY = 500;
    const LONGEST_DELAY = 10_000;
    // A connection that was lost sooner than this does not count as a success.
    const STEADY = 5_000;

    export class Connection {
      /**
       * @param {string} path where the server listens
       * @param {{payload: Function, state: Function, event: Function, refused: Function}} handler
       *   `payload()` is what CONNECT says; `state(name)` is
       *   "connecting", "connected", "reconnecting", "refused" or "stopped"
       */
      constructor(path, handler) {
        this.path = path;
        this.handler = handler;
        this.failures = 0;
        this.everConnected = false;
        this.socket = null;
        window.addEventListener("online", () => this.hurry());
        window.addEventListener("offline", () => this.again());
        window.addEventListener("pageshow", () => this.hurry());
        window.addEventListener("pagehide", () => this.stop());
        document.addEventListener("visibilitychange", () => {
          if (document.visibilityState === "visible") this.hurry();
        });
      }

      get isConnected() {
        return this.socket?.connected ?? false;
      }

      /** Connects, or tries once more after `stop`. */
      start() {
        this.stop();
        this.stopped = false;
        this.connect();
      }

      /** Ends it; only `start` and the page's return from the browser's cache begin again. */
      stop() {
        clearTimeout(this.timer);
        this.stopped = true;
        this.socket?.close();
        this.socket = null;
      }

      /** Ends it for good: not even the page's return begins it again, only `start`. */
      refuse() {
        this.stop();
        this.refused = true;
        this.handler.state("refused");
      }

      /** Sends an event and waits for its acknowledgment. */
      async emit(event, argument, timeout) {
        const socket = this.socket;
        if (!socket) throw new NotAcknowledged("lost");
        const sent = Date.now();
        try {
          return await socket.emit(event, argument, timeout);
        } catch (error) {
          // Not a word since: the connection looks open and is not.
          const silent = socket === this.socket && socket.engine.lastHeard < sent;
          if (error.message === "timeout" && silent) this.again();
          throw error;
        }
      }

      /** The moment to look: connects now instead of later, and tests what is thought alive. */
      hurry() {
        if (this.refused) return;
        if (this.socket) {
          this.socket.engine.check();
        } else {
          this.start();
        }
      }

      /** Gives the present connection up for a new one. */
      again() {
        if (!this.socket) return;
        this.socket.close();
        this.lost();
      }

      connect() {
        clearTimeout(this.timer);
        this.refused = false;
        this.handler.state(this.everConnected ? "reconnecting" : "connecting");
        const socket = new Socket(this.path, this.handler.payload(), {
          connected: () => {
            this.everConnected = true;
            this.since = Date.now();
            this.handler.state("connected");
          },
          event: (name, argument) => this.handler.event(name, argument),
          lost: () => this.lost(),
          refused: (message) => {
            this.refuse();
            this.handler.refused(message);
          },
        });
        this.socket = socket;
      }

      lost() {
        this.socket = null;
        if (this.stopped) return;
        if (this.since && Date.now() - this.since >= STEADY) this.failures = 0;
        this.since = undefined;
        // Between half and all of it by chance: not all the clients of a server come at once.
        const delay = Math.min(FIRST_DELAY * 2 ** this.failures, LONGEST_DELAY);
        this.failures += 1;
        this.handler.state(this.everConnected ? "reconnecting" : "connecting");
        this.timer = setTimeout(() => this.connect(), delay * (0.5 + Math.random() / 2));
      }
    }
    """#
}
