extension Pages {
  /// `/static/socket.js`: one Socket.IO connection to the main namespace, protocol revision 5.
  static let socketScript = #"""
    // A Socket.IO connection (revision 5) to the main namespace: CONNECT with a payload, events both
    // ways, and acknowledgments of what was sent.

    import { Engine } from "./engine.js";

    const CONNECT = "0", DISCONNECT = "1", EVENT = "2", ACK = "3", CONNECT_ERROR = "4";

    const CONNECT_TIMEOUT = 10_000;

    /** Why an event was not acknowledged: "timeout", "lost" or "too long". */
    export class NotAcknowledged extends Error {}

    export class Socket {
      /**
       * @param {string} path where the server listens
       * @param {object} payload what CONNECT says
       * @param {{connected: Function, refused: Function, event: Function, lost: Function}} handler
       */
      constructor(path, payload, handler) {
        this.payload = payload;
        this.handler = handler;
        this.connected = false;
        this.nextID = 0;
        this.acknowledgments = new Map();
        this.engine = new Engine(path, this);
        this.engine.open();
      }

      /** Sends an event; the promise is the first argument of the server's acknowledgment. */
      emit(event, argument, timeout) {
        return new Promise((resolve, reject) => {
          if (!this.connected) {
            reject(new NotAcknowledged("lost"));
            return;
          }
          const id = this.nextID;
          const packet = `${EVENT}${id}${JSON.stringify([event, argument])}`;
          if (this.engine.isTooLong(packet)) {
            reject(new NotAcknowledged("too long"));
            return;
          }
          this.nextID += 1;
          const timer = setTimeout(() => this.answer(id, new NotAcknowledged("timeout")), timeout);
          this.acknowledgments.set(id, { resolve, reject, timer });
          this.engine.send(packet);
        });
      }

      /** Leaves without a call to the handler. */
      close() {
        if (this.connected) this.engine.send(DISCONNECT);
        this.handler = null;
        this.finish();
      }

      /** Settles the promise of one event. */
      answer(id, value) {
        const waiting = this.acknowledgments.get(id);
        if (!waiting) return;
        this.acknowledgments.delete(id);
        clearTimeout(waiting.timer);
        if (value instanceof Error) waiting.reject(value);
        else waiting.resolve(value);
      }

      finish() {
        clearTimeout(this.timer);
        this.connected = false;
        this.engine.close();
        for (const id of [...this.acknowledgments.keys()]) {
          this.answer(id, new NotAcknowledged("lost"));
        }
      }

      // What the engine calls.

      opened() {
        this.engine.send(CONNECT + JSON.stringify(this.payload));
        this.timer = setTimeout(() => this.lost("no answer to CONNECT"), CONNECT_TIMEOUT);
      }

      lost(reason) {
        const handler = this.handler;
        this.handler = null;
        this.finish();
        handler?.lost(reason);
      }

      message(text) {
        const packet = parse(text);
        if (!packet) {
          this.lost("the server sent something unreadable");
          return;
        }
        if (packet.namespace !== "/") return;
        clearTimeout(this.timer);
        const { type, id, data } = packet;
        if (type === CONNECT) {
          this.connected = true;
          this.handler?.connected();
        } else if (type === CONNECT_ERROR) {
          const handler = this.handler;
          this.handler = null;
          this.finish();
          handler?.refused(String(data?.message ?? "The server refused the connection"));
        } else if (type === DISCONNECT) {
          this.lost("the server ended the connection");
        } else if (type === EVENT && Array.isArray(data)) {
          this.handler?.event(String(data[0]), data[1]);
        } else if (type === ACK && Array.isArray(data)) {
          this.answer(id, data[0]);
        }
      }
    }

    /**
     * Takes a packet apart: type, attachments with "-", "/namespace,", id, JSON. Null when it is
     * malformed.
     */
    export function parse(text) {
      const match = /^([0-6])(?:\d+-)?(?:(\/[^,]*),?)?(\d+)?/.exec(text);
      if (!match) return null;
      const rest = text.slice(match[0].length);
      try {
        return {
          type: match[1],
          namespace: match[2] ?? "/",
          id: match[3] === undefined ? undefined : Number(match[3]),
          data: rest === "" ? undefined : JSON.parse(rest),
        };
      } catch {
        return null;
      }
    }
    """#
}
