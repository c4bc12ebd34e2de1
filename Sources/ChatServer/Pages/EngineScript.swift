extension Pages {
  /// `/static/engine.js`: one Engine.IO session, protocol revision 4.
  static let engineScript = #"""
    // An Engine.IO session (revision 4): the handshake, the heartbeat and the end. It begins with a
    // WebSocket, and falls back to long polling where that does not open.

    import { WebSocketTransport, PollingTransport, octets } from "./transports.js";

    const OPEN = "0", CLOSE = "1", PING = "2", PONG = "3", MESSAGE = "4";
    const OPEN_TIMEOUT = 6_000;

    export class Engine {
      /**
       * @param {string} path where the server listens, `/socket.io/`
       * @param {{opened: Function, message: Function, lost: Function}} handler
       */
      constructor(path, handler) {
        this.path = path;
        this.handler = handler;
        this.lastHeard = Date.now();
      }

      open() {
        this.begin(WebSocketTransport);
      }

      begin(Transport) {
        this.handshake = null;
        this.transport = new Transport(this.path, this);
        this.timer = setTimeout(() => this.lost("the server does not answer"), OPEN_TIMEOUT);
        this.transport.open();
      }

      /** How packets travel: "websocket" or "polling". */
      get transportName() {
        return this.transport instanceof WebSocketTransport ? "websocket" : "polling";
      }

      /** True when a message of this text is more than the server takes. */
      isTooLong(text) {
        return octets(text) + 1 > (this.handshake?.maxPayload ?? Infinity);
      }

      send(text) {
        if (this.handshake) this.transport.send([MESSAGE + text]);
      }

      /** Ends the session without a call to the handler. */
      close() {
        clearTimeout(this.timer);
        this.handler = null;
        this.transport?.close();
      }

      /** Ends the session at once when its heartbeat is overdue: timers sleep with the machine. */
      check() {
        if (this.handshake && Date.now() > this.deadline) this.lost("the server is silent");
      }

      // What the transport calls.

      packet(text) {
        if (!this.handler) return;
        this.lastHeard = Date.now();
        const content = text.slice(1);
        switch (text[0]) {
          case OPEN: this.opened(content); break;
          case CLOSE: this.end("the server closed the connection"); break;
          case PING: this.transport.send([PONG + content]); break;
          case MESSAGE: this.handler.message(content); break;
        }
        if (this.handler && this.handshake) this.watch();
      }

      lost(reason) {
        this.transport?.close();
        clearTimeout(this.timer);
        if (!this.handler) return;
        if (!this.handshake && this.transport instanceof WebSocketTransport) {
          this.begin(PollingTransport);
        } else {
          this.end(reason);
        }
      }

      opened(text) {
        try {
          const { sid, pingInterval, pingTimeout, maxPayload } = JSON.parse(text);
          this.handshake = {
            sid: String(sid),
            patience: Number(pingInterval) + Number(pingTimeout),
            maxPayload: Number(maxPayload) || Infinity,
          };
        } catch {
          this.end("the server speaks another protocol");
          return;
        }
        this.transport.opened(this.handshake);
        this.handler.opened();
      }

      /** The server pings; no word within interval and timeout means that it is gone. */
      watch() {
        clearTimeout(this.timer);
        this.deadline = this.lastHeard + this.handshake.patience;
        this.timer = setTimeout(() => this.end("the server is silent"), this.handshake.patience);
      }

      end(reason) {
        const handler = this.handler;
        this.close();
        handler?.lost(reason);
      }
    }
    """#
}
