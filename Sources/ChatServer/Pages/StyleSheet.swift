extension Pages {
  /// `/static/style.css`: colours, controls, and the home page.
  static let style = #"""
    :root {
      color-scheme: light dark;
      --ground: #eef2f5;
      --surface: #ffffff;
      --ink: #1b242c;
      --faint-ink: #55636f;
      --line: #cfd8df;
      --control-line: #7b8994;
      --accent: #1b6a85;
      --accent-strong: #134f64;
      --on-accent: #ffffff;
      --own: #d8ebf2;
      --own-line: #b4d3df;
      --red: #a51d1d;
      --red-ground: #fdeeee;
      --green: #1d7a46;
      --amber: #9a5b00;
      --shadow: 0 1px 2px rgb(20 40 60 / 6%), 0 8px 30px rgb(20 40 60 / 8%);
    }
    @media (prefers-color-scheme: dark) {
      :root {
        --ground: #12171c;
        --surface: #1a2127;
        --ink: #e5eaee;
        --faint-ink: #a0adb8;
        --line: #303b44;
        --control-line: #71808c;
        --accent: #7cc3dc;
        --accent-strong: #a5d9eb;
        --on-accent: #0b2530;
        --own: #1c3d4b;
        --own-line: #2b5566;
        --red: #ff9d97;
        --red-ground: #3a1d1e;
        --green: #6fce98;
        --amber: #f0b561;
        --shadow: none;
      }
    }
    *, *::before, *::after { box-sizing: border-box; }
    [hidden] { display: none !important; }
    html { text-size-adjust: 100%; -webkit-text-size-adjust: 100%; }
    body {
      margin: 0;
      background: var(--ground);
      color: var(--ink);
      font: 1rem/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
    }
    h1, h2, p, ol, ul, fieldset { margin: 0; padding: 0; }
    a { color: var(--accent); }

    button, input, textarea { font: inherit; color: inherit; border-radius: 0.5rem; }
    button {
      min-height: 2.75rem;
      padding: 0.5rem 1.25rem;
      border: 1px solid var(--accent);
      background: var(--accent);
      color: var(--on-accent);
      font-weight: 600;
      cursor: pointer;
      touch-action: manipulation;
    }
    button:hover { background: var(--accent-strong); border-color: var(--accent-strong); }
    button.second, button.small { background: transparent; color: var(--accent); }
    button.second:hover, button.small:hover {
      background: color-mix(in srgb, var(--accent) 10%, transparent);
      border-color: var(--accent);
    }
    button.small {
      padding: 0.375rem 0.75rem;
      border-color: var(--control-line);
      font-size: 0.875rem;
    }
    input, textarea {
      width: 100%;
      min-height: 2.75rem;
      padding: 0.5rem 0.75rem;
      border: 1px solid var(--control-line);
      background: var(--surface);
    }
    ::placeholder { color: var(--faint-ink); opacity: 1; }
    :focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
    input:focus-visible, textarea:focus-visible {
      outline-width: 2px;
      outline-offset: -1px;
      border-color: var(--accent);
    }

    .unseen {
      position: absolute;
      width: 1px;
      height: 1px;
      overflow: hidden;
      clip-path: inset(50%);
      white-space: nowrap;
    }
    .error {
      padding: 0.625rem 0.875rem;
      border: 1px solid currentcolor;
      border-radius: 0.5rem;
      background: var(--red-ground);
      color: var(--red);
      font-weight: 600;
      overflow-wrap: anywhere;
    }
    .error:empty { display: none; }

    .home {
      display: grid;
      min-height: 100vh;
      min-height: 100dvh;
      padding: 1rem;
      place-items: center;
    }
    .card {
      width: 100%;
      max-width: 26rem;
      padding: clamp(1.25rem, 6vw, 2.25rem);
      border: 1px solid var(--line);
      border-radius: 1rem;
      background: var(--surface);
      box-shadow: var(--shadow);
    }
    .card h1 {
      display: flex;
      align-items: center;
      gap: 0.625rem;
      margin-bottom: 1.5rem;
      font-size: 1.625rem;
      line-height: 1.2;
      letter-spacing: -0.01em;
    }
    .card form { display: grid; gap: 1.25rem; }
    .card label:not(.unseen) { display: block; margin-bottom: 0.375rem; font-weight: 600; }
    .card fieldset { min-width: 0; border: 0; }
    .card legend { margin-bottom: 0.375rem; padding: 0; font-weight: 600; }
    .card .row { display: flex; gap: 0.625rem; }
    .card .row .field { flex: 1; min-width: 0; }
    .card .row button { min-width: 6rem; }
    .card .second { width: 100%; }
    #code:is(input):not(:placeholder-shown) {
      text-transform: uppercase;
      letter-spacing: 0.12em;
      font-family: ui-monospace, "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
    }
    .or { display: flex; align-items: center; gap: 0.75rem; color: var(--faint-ink); }
    .or::before, .or::after { flex: 1; border-top: 1px solid var(--line); content: ""; }

    @media (prefers-reduced-motion: no-preference) {
      button, input, textarea { transition: background-color 0.15s, border-color 0.15s; }
    }
    """#
}
