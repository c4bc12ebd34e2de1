extension Pages {
  /// The home page as a Mustache template over `name`, `code` and `error`: what was typed, and what
  /// was wrong with it (nil for nothing: the library takes an empty text for something).
  static let homeTemplate = #"""
    {{% CONTENT_TYPE:PAGE}}<!DOCTYPE html>
    <html lang="en">
    <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">
      <meta name="color-scheme" content="light dark">
      <meta name="theme-color" content="#eef2f5" media="(prefers-color-scheme: light)">
      <meta name="theme-color" content="#12171c" media="(prefers-color-scheme: dark)">
      <title>{{#error}}Error: {{/error}}netlab chat</title>
      <link rel="icon" href="/favicon.svg" type="image/svg+xml">
      <link rel="stylesheet" href="/static/style.css">
      <script type="module" src="/static/home.js"></script>
    </head>
    <body class="home">
      <main class="card">
        <h1><img src="/favicon.svg" alt="" width="40" height="40"> netlab chat</h1>
        <form method="post" action="/" autocomplete="off">
          {{#error}}<p id="error" class="error" role="alert">{{error}}</p>{{/error}}
          <div class="field">
            <label for="name">User name</label>
            <input id="name" name="name" type="text" value="{{name}}" maxlength="100" dir="auto"
              autocomplete="nickname" spellcheck="false"{{#error}} aria-describedby="error"{{/error}}>
          </div>
          <fieldset>
            <legend>Join a Chat?</legend>
            <div class="row">
              <div class="field">
                <label for="code" class="unseen">Room code</label>
                <input id="code" name="code" type="text" value="{{code}}" maxlength="6"
                  placeholder="Room code" autocapitalize="characters" autocomplete="off"
                  spellcheck="false"{{#error}} aria-describedby="error"{{/error}}>
              </div>
              <button type="submit" name="join" value="join">Join</button>
            </div>
          </fieldset>
          <p class="or"><span>Or</span></p>
          <fieldset>
            <legend>Create a Chat?</legend>
            <button type="submit" name="create" value="create" class="second">Create</button>
          </fieldset>
        </form>
      </main>
    </body>
    </html>

    """#

  /// `/static/home.js`: comfort only; the page works without.
  static let homeScript = #"""
    const name = document.getElementById("name");
    const code = document.getElementById("code");

    // The style sheet shows capitals, here they become some, so that what is seen is what is sent.
    code.addEventListener("input", () => {
      const { selectionStart, selectionEnd } = code;
      code.value = code.value.toUpperCase();
      code.setSelectionRange(selectionStart, selectionEnd);
    });

    // Where the reader has to type next: what is empty, or what was wrong.
    if (document.getElementById("error") || window.matchMedia("(hover: hover)").matches) {
      const next = name.value === "" ? name : code;
      next.focus();
      next.select();
    }
    """#

  /// `/favicon.svg`: two balloons, a word and its answer.
  static let favicon = #"""
    <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 40">
      <path fill="#9cc4d4"
        d="M18 15h15a4 4 0 0 1 4 4v9a4 4 0 0 1-4 4h-1v5l-6-5h-8a4 4 0 0 1-4-4v-9a4 4 0 0 1 4-4z"/>
      <path fill="#1b6a85"
        d="M7 4h17a4 4 0 0 1 4 4v10a4 4 0 0 1-4 4H14l-6 6v-6H7a4 4 0 0 1-4-4V8a4 4 0 0 1 4-4z"/>
      <path fill="none" stroke="#fff" stroke-width="2.4" stroke-linecap="round"
        d="M9 10.5h13M9 15.5h8"/>
    </svg>
    """#
}
