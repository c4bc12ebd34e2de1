extension Pages {
  /// `/static/room.css`: the room page.
  static let roomStyle = #"""
    .room {
      display: grid;
      grid-template: auto minmax(0, 1fr) / minmax(0, 1fr) 15rem;
      grid-template-areas: "head head" "main here";
      height: 100vh;
      height: 100dvh;
      overflow: hidden;
    }

    .room > header {
      display: flex;
      grid-area: head;
      align-items: center;
      gap: 0.5rem 0.75rem;
      padding: 0.625rem 1rem;
      border-bottom: 1px solid var(--line);
      background: var(--surface);
    }
    header button { white-space: nowrap; }
    .room h1 { font-size: 1.125rem; line-height: 1.3; }
    .room h1 .label { color: var(--faint-ink); font-weight: 400; }
    #code {
      font-family: ui-monospace, "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
      letter-spacing: 0.06em;
      white-space: nowrap;
    }
    #status {
      display: flex;
      align-items: center;
      gap: 0.5rem;
      margin-left: auto;
      color: var(--faint-ink);
      font-size: 0.875rem;
      white-space: nowrap;
    }
    .dot {
      width: 0.625rem;
      height: 0.625rem;
      border: 2px solid var(--amber);
      border-radius: 50%;
    }
    [data-state="connected"] .dot { border-color: var(--green); background: var(--green); }
    [data-state="refused"] .dot { border-color: var(--red); border-radius: 0; }
    [data-state="reconnecting"] { color: var(--amber) !important; font-weight: 600; }
    #people { display: none; }

    .room main {
      display: flex;
      grid-area: main;
      flex-direction: column;
      min-width: 0;
      min-height: 0;
    }
    .stage { position: relative; flex: 1; min-height: 0; }
    #log {
      height: 100%;
      padding: 1rem max(1rem, (100% - 48rem) / 2);
      overflow: hidden auto;
      overscroll-behavior: contain;
      overflow-wrap: anywhere;
    }
    #log:focus-visible { outline-offset: -3px; }
    #log ol { display: flex; flex-direction: column; gap: 0.5rem; list-style: none; }
    #earlier { display: block; margin: 0 auto 1rem; }
    #outbox:not(:empty) { margin-top: 0.5rem; }

    .message {
      align-self: flex-start;
      max-width: min(85%, 36rem);
      padding: 0.5rem 0.75rem;
      border: 1px solid var(--line);
      border-radius: 0.25rem 0.875rem 0.875rem;
      background: var(--surface);
    }
    .own {
      align-self: flex-end;
      border-color: var(--own-line);
      border-radius: 0.875rem 0.25rem 0.875rem 0.875rem;
      background: var(--own);
    }
    .head { color: var(--faint-ink); font-size: 0.8125rem; }
    .own .head, .own .foot { color: color-mix(in srgb, var(--ink) 80%, var(--own)); }
    .sender { color: var(--ink); font-weight: 600; }
    .head time { margin-left: 0.25rem; font-variant-numeric: tabular-nums; white-space: nowrap; }
    .message .text { white-space: pre-wrap; }
    .foot {
      display: flex;
      flex-wrap: wrap;
      align-items: center;
      gap: 0.375rem 0.5rem;
      margin-top: 0.25rem;
      font-size: 0.8125rem;
    }
    .foot strong { flex-basis: 100%; }
    .sending { border-style: dashed; }
    .failed, .refused { border: 1px solid var(--red); }
    .own .foot strong { color: var(--red); }
    .foot button { min-height: 2.5rem; background: var(--surface) !important; }

    .notice {
      align-self: center;
      color: var(--faint-ink);
      font-size: 0.875rem;
      font-style: italic;
      text-align: center;
    }
    .notice time { font-style: normal; font-size: 0.8125rem; font-variant-numeric: tabular-nums; }
    .day {
      display: flex;
      align-items: center;
      gap: 0.75rem;
      margin: 0.5rem 0;
      color: var(--faint-ink);
      font-size: 0.8125rem;
    }
    .day::before, .day::after { flex: 1; border-top: 1px solid var(--line); content: ""; }

    #jump {
      position: absolute;
      bottom: 0.75rem;
      left: 50%;
      padding: 0.375rem 1rem;
      border-radius: 2rem;
      box-shadow: var(--shadow);
      font-size: 0.875rem;
      transform: translateX(-50%);
    }

    #composer {
      display: flex;
      align-items: flex-end;
      gap: 0.625rem;
      padding: 0.75rem max(1rem, (100% - 48rem) / 2) calc(0.75rem + env(safe-area-inset-bottom, 0px));
      border-top: 1px solid var(--line);
      background: var(--surface);
    }
    #text { flex: 1; min-width: 0; max-height: min(10rem, 30dvh); resize: none; }

    #alert {
      display: flex;
      flex-wrap: wrap;
      align-items: center;
      justify-content: space-between;
      gap: 0.5rem 1rem;
      margin: 0.75rem max(1rem, (100% - 48rem) / 2) 0;
      padding: 0.625rem 0.875rem;
      border: 1px solid currentcolor;
      border-radius: 0.5rem;
      background: var(--red-ground);
      color: var(--red);
      font-weight: 600;
      overflow-wrap: anywhere;
    }
    #alert .ways { display: flex; align-items: center; gap: 0.75rem; }
    #alert a { display: inline-block; padding: 0.625rem 0; color: inherit; }
    #alert button { border-color: currentcolor; color: inherit; }
    noscript .error { margin: 1rem; }

    aside {
      grid-area: here;
      padding: 1rem;
      border-left: 1px solid var(--line);
      background: var(--surface);
      overflow-y: auto;
      overflow-wrap: anywhere;
    }
    aside h2 { margin-bottom: 0.5rem; color: var(--faint-ink); font-size: 0.875rem; }
    aside ul { list-style: none; }
    aside li { padding: 0.25rem 0; }
    .you { color: var(--faint-ink); font-weight: 400; }
    .own .you { color: inherit; }

    @media (max-width: 47.99rem) {
      .room {
        grid-template: auto auto minmax(0, 1fr) / minmax(0, 1fr);
        grid-template-areas: "head" "here" "main";
      }
      .room > header {
        display: grid;
        grid-template: auto auto / auto minmax(0, 1fr) auto;
        grid-template-areas: "room copy leave" "status status people";
        justify-items: start;
        gap: 0.375rem 0.5rem;
        padding: 0.5rem 0.75rem;
      }
      #status { grid-area: status; margin: 0; }
      #people { display: block; grid-area: people; justify-self: end; }
      header form { grid-area: leave; }
      .room h1 { font-size: 1rem; }
      .room h1 .label { display: none; }
      .room header button.small { padding: 0.375rem 0.625rem; }
      .room button.small { min-height: 2.75rem; }
      #log, #composer { padding-right: 0.75rem; padding-left: 0.75rem; }
      aside { display: none; max-height: 40dvh; border: 0; border-bottom: 1px solid var(--line); }
      .people-open aside { display: block; }
    }
    """#
}
