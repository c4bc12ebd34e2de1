extension Pages {
  /// The room page as a Mustache template over `code`, `name` and `path`, where Socket.IO listens;
  /// the scripts read them from the body's data attributes.
  static let roomTemplate = #"""
    {{% CONTENT_TYPE:PAGE}}<!DOCTYPE html>
    <html lang="en">
    <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover,
        interactive-widget=resizes-content">
      <meta name="color-scheme" content="light dark">
      <meta name="theme-color" content="#ffffff" media="(prefers-color-scheme: light)">
      <meta name="theme-color" content="#1a2127" media="(prefers-color-scheme: dark)">
      <title>Room {{code}} · netlab chat</title>
      <link rel="icon" href="/favicon.svg" type="image/svg+xml">
      <link rel="stylesheet" href="/static/style.css">
      <link rel="stylesheet" href="/static/room.css">
      <script type="module" src="/static/room.js"></script>
    </head>
    <body class="room" data-code="{{code}}" data-name="{{name}}" data-path="{{path}}">
      <header>
        <h1><span class="label">Room</span> <span id="code" translate="no">{{code}}</span></h1>
        <button id="copy" type="button" class="small" aria-label="Copy the room code">Copy</button>
        <span id="copied" class="unseen" role="status"></span>
        <p id="status" role="status" data-state="connecting">
          <span class="dot" aria-hidden="true"></span> <span id="status-text">Connecting…</span>
        </p>
        <button id="people" type="button" class="small" aria-expanded="false" aria-controls="here">
          <span id="count">Who is here</span>
        </button>
        <form method="post" action="/leave">
          <button id="leave" type="submit" class="small">Leave the Chat</button>
        </form>
      </header>
      <main>
        <div id="alert" role="alert" hidden>
          <p id="alert-text"></p>
          <p class="ways">
            <button id="again" type="button" class="small">Try again</button>
            <a href="/">Back to the start</a>
          </p>
        </div>
        <noscript><p class="error">The chat needs JavaScript.</p></noscript>
        <div class="stage">
          <div id="log" role="log" aria-live="polite" aria-label="Messages" tabindex="0">
            <button id="earlier" type="button" class="small" hidden>Show earlier messages</button>
            <ol id="messages"></ol>
            <ol id="outbox"></ol>
          </div>
          <button id="jump" type="button" hidden>To the end ↓</button>
        </div>
        <form id="composer" autocomplete="off">
          <label for="text" class="unseen">Message as {{name}}</label>
          <textarea id="text" rows="1" dir="auto" enterkeyhint="send" placeholder="Message"></textarea>
          <button type="submit">Send</button>
        </form>
      </main>
      <aside id="here" aria-labelledby="here-title">
        <h2 id="here-title">Who is here</h2>
        <ul id="members"></ul>
      </aside>
    </body>
    </html>

    """#
}
