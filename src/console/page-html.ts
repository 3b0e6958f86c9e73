/** The frame of the page; the script fills it. */
export const BODY = `<body>
<a class="skip" href="#services">Skip to the services</a>
<header class="top">
  <div class="brand">
    <svg width="22" height="22" viewBox="0 0 22 22" aria-hidden="true"><path d="M9 0 L12 6 L8 10 L13 15 L10 22" fill="none" stroke="currentColor" stroke-width="1.6"/><rect x="1" y="8" width="20" height="5" rx="2.5" fill="var(--accent)"/></svg>
    <h1>Telltale</h1>
  </div>
  <p class="clock"><span class="muted">Event time</span> <time id="clock">no results yet</time></p>
  <details id="health" class="health"><summary><span class="dot" id="health-dot"></span><span id="health-text">connecting</span></summary><ul id="checks"></ul></details>
</header>
<main>
  <section aria-labelledby="services-title">
    <h2 id="services-title">Services</h2>
    <div id="services" class="cards" tabindex="-1"></div>
  </section>
  <section aria-labelledby="incidents-title">
    <h2 id="incidents-title">Incidents</h2>
    <ol id="incidents" class="list"></ol>
  </section>
  <section id="rollouts-part" aria-labelledby="rollouts-title" hidden>
    <h2 id="rollouts-title">Roll-outs</h2>
    <ol id="rollouts" class="list"></ol>
  </section>
  <div class="pair">
    <section aria-labelledby="alarms-title">
      <h2 id="alarms-title">Alarms</h2>
      <ol id="alarms" class="list"></ol>
    </section>
    <section aria-labelledby="retrains-title">
      <h2 id="retrains-title">Retraining</h2>
      <ol id="retrains" class="list"></ol>
      <p id="outcome" class="outcome" role="status"></p>
    </section>
  </div>
  <section aria-labelledby="results-title">
    <div class="bar">
      <h2 id="results-title">Results</h2>
      <label class="filter">Filter <input id="filter" type="search" placeholder="psi amount country=de" autocomplete="off" spellcheck="false"></label>
    </div>
    <div class="scroll" tabindex="0" role="region" aria-labelledby="results-title">
      <table>
        <thead><tr><th scope="col">Metric</th><th scope="col">Subject</th><th scope="col">Model</th><th scope="col">Segment</th><th scope="col" class="num">Value</th><th scope="col">History</th><th scope="col" class="num">n</th><th scope="col">Window (UTC)</th></tr></thead>
        <tbody id="results"></tbody>
      </table>
    </div>
    <p id="results-note" class="muted"></p>
  </section>
</main>
<footer class="muted">All times are event times in UTC. <a href="/api/services">JSON</a> <a href="/api/config">Configuration</a></footer>
<div id="announcer" class="hidden" aria-live="polite"></div>
<noscript><p class="card">This page needs JavaScript. The same data are at <a href="/api/services">/api/services</a>.</p></noscript>
</body>`;
