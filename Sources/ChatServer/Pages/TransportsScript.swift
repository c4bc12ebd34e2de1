extension Pages {
  /// `/static/transports.js`: how packets travel, over a WebSocket or by long polling.
  static let transportsScript = #"""
    // The two ways in which Engine.IO packets travel. Both take packets as text, hand those that
    // arrive to `handler.packet(text)`, and end once with `handler.lost(reason)`.

    const SEPARATOR = "\x1e";
    const POST_TIMEOUT = 20_000;

    /** The address of the server with the query that names protocol, transport and session. */
    function address(path, transport, sid) {
      const url = new URL(path, window.location.href);
      url.searchParams.set("EIO", "4");
      url.searchParams.set("transport", transport);
      if (sid) url.searchParams.set("sid", sid);
      return url;
    }

    /** One packet a frame. */
    export class WebSocketTransport {
      constructor(path, handler) {
        this.path = path;
        this.handler = handler;
      }

      open() {
        const url = address(this.path, "websocket");
        url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
        try {
          this.socket = new WebSocket(url);
        } catch {
          // Blocked by a policy: the same as a connection that fails, and as late.
          queueMicrotask(() => this.end("WebSocket is not possible"));
          return;
        }
        this.socket.onmessage = (event) => {
          if (typeof event.data === "string") this.handler?.packet(event.data);
        };
        this.socket.onclose = (event) => this.end(event.reason || "connection closed");
      }

      /** What the server said in its open packet; a WebSocket needs none of it. */
      opened() {}

      send(packets) {
        for (const packet of packets) this.socket.send(packet);
      }

      close() {
        this.handler = null;
        if (this.socket) {
          this.socket.onmessage = null;
          this.socket.onclose = null;
          this.socket.close();
        }
      }

      end(reason) {
        const handler = this.handler;
        this.close();
        handler?.lost(reason);
      }
    }

    /** One GET that waits for packets, and POSTs of what is to be sent, one after the other. */
    export class PollingTransport {
      constructor(path, handler) {
        this.path = path;
        this.handler = handler;
        this.waiting = [];
        this.posting = false;
        this.maxPayload = Infinity;
        this.abort = new AbortController();
      }

      open() {
        this.poll();
      }

      /** From here on requests carry the session id, and a body stays below the server's limit. */
      opened(handshake) {
        this.sid = handshake.sid;
        this.maxPayload = handshake.maxPayload;
      }

      async poll() {
        try {
          while (this.handler) {
            const body = await this.request("GET", null, this.abort.signal);
            for (const packet of body.split(SEPARATOR)) this.handler?.packet(packet);
          }
        } catch (error) {
          this.end(`polling failed: ${error.message}`);
        }
      }

      send(packets) {
        this.waiting.push(...packets);
        this.post();
      }

      async post() {
        if (this.posting) return;
        this.posting = true;
        const abort = new AbortController();
        this.abort.signal.addEventListener("abort", () => abort.abort());
        try {
          while (this.waiting.length > 0 && this.handler) {
            const timer = setTimeout(() => abort.abort(), POST_TIMEOUT);
            await this.request("POST", this.batch(), abort.signal);
            clearTimeout(timer);
          }
        } catch (error) {
          this.end(`sending failed: ${error.message}`);
        }
        this.posting = false;
      }

      /** As many packets as one body takes, one at least. */
      batch() {
        let size = octets(this.waiting[0]);
        let count = 1;
        while (count < this.waiting.length) {
          size += 1 + octets(this.waiting[count]);
          if (size > this.maxPayload) break;
          count += 1;
        }
        return this.waiting.splice(0, count).join(SEPARATOR);
      }

      async request(method, body, signal, keepalive = false) {
        const response = await fetch(address(this.path, "polling", this.sid), {
          method, body, signal, keepalive,
          headers: body === null ? {} : { "Content-Type": "text/plain;charset=UTF-8" },
          cache: "no-store",
          credentials: "same-origin",
        });
        if (!response.ok) throw new Error(`status ${response.status}`);
        return response.text();
      }

      /** Tells the server, even while the page goes away. */
      close() {
        if (!this.handler) return;
        this.handler = null;
        this.abort.abort();
        if (this.sid) this.request("POST", "1", undefined, true).catch(() => {});
      }

      end(reason) {
        const handler = this.handler;
        this.handler = null;
        this.abort.abort();
        handler?.lost(reason);
      }
    }

    /** The length of a text in UTF-8. */
    export function octets(text) {
      return new TextEncoder().encode(text).length;
    }
    """#
}
