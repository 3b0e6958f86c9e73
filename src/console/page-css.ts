/** Calm by default: colour is spent on what needs a person, and never carries a meaning alone. */
export const STYLE = `
:root {
  --ground: #f6f5f1; --card: #ffffff; --ink: #22262b; --muted: #646b73; --line: #e3e1da;
  --accent: #2f6f6b; --green: #2e7d4f; --yellow: #a06a00; --red: #b3261e; --grey: #8a9097;
  --green-soft: #e4f1e8; --yellow-soft: #fbf0d6; --red-soft: #fbe4e2; --grey-soft: #eceeef;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #14171a; --card: #1c2024; --ink: #e6e7e4; --muted: #9aa2aa; --line: #2d3338;
    --accent: #6fb8b1; --green: #6cc08b; --yellow: #e0b04c; --red: #f0857d; --grey: #7d858d;
    --green-soft: #1d3226; --yellow-soft: #382d14; --red-soft: #40201e; --grey-soft: #272c31;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
h1, h2, h3, p, ol, ul, dl, dd { margin: 0; padding: 0; }
h1 { font-size: 1.15rem; letter-spacing: .01em; }
h2 { font-size: .95rem; color: var(--muted); font-weight: 600; margin-bottom: .6rem; }
a { color: var(--accent); }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.muted { color: var(--muted); }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.skip { position: absolute; left: -999px; }
.skip:focus { left: 1rem; top: .5rem; background: var(--card); padding: .4rem .8rem; z-index: 2; }
.top { position: sticky; top: 0; z-index: 1; display: flex; flex-wrap: wrap; gap: .3rem 1.5rem; align-items: center; padding: .7rem 1.5rem; background: var(--card); border-bottom: 1px solid var(--line); }
.brand { display: flex; gap: .6rem; align-items: center; margin-right: auto; }
.clock time { font-variant-numeric: tabular-nums; }
.health { position: relative; }
.health summary { cursor: pointer; list-style: none; display: flex; align-items: center; gap: .45rem; padding: .2rem .7rem; border: 1px solid var(--line); border-radius: 999px; }
.health summary::-webkit-details-marker { display: none; }
.health ul { position: absolute; right: 0; top: 2.4rem; width: min(26rem, 86vw); list-style: none; background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: .7rem 1rem; box-shadow: 0 6px 24px #0003; }
.health li { padding: .2rem 0; overflow-wrap: anywhere; }
main { max-width: 84rem; margin: 0 auto; padding: 1.4rem 1.5rem 0; display: grid; grid-template-columns: minmax(0, 1fr); gap: 1.8rem; }
footer { max-width: 84rem; margin: 0 auto; padding: 1.6rem 1.5rem 2.4rem; font-size: .87rem; }
footer a { margin-left: .8rem; }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 17.5rem), 1fr)); gap: 1rem; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 1rem 1.1rem; }
button.card { font: inherit; color: inherit; text-align: left; cursor: pointer; display: flex; flex-direction: column; gap: .55rem; }
button.card:hover { border-color: var(--grey); }
button.card[aria-pressed="true"] { border-color: var(--accent); box-shadow: inset 0 0 0 1px var(--accent); }
.card .head { display: flex; justify-content: space-between; align-items: center; gap: .6rem; width: 100%; }
.card .name { font-weight: 650; font-size: 1.05rem; overflow-wrap: anywhere; }
.card .about { color: var(--muted); font-size: .9rem; }
.card .alarms { font-size: .9rem; overflow-wrap: anywhere; }
.counts { display: flex; flex-wrap: wrap; gap: .1rem 1.1rem; font-size: .87rem; margin-top: auto; }
.counts span b { font-weight: 600; font-variant-numeric: tabular-nums; }
.counts .bad { color: var(--red); }
.streams { display: flex; flex-wrap: wrap; gap: .3rem; font-size: .78rem; }
.chip { padding: .05rem .55rem; border-radius: 999px; background: var(--grey-soft); color: var(--muted); }
.chip.missing, .chip.failed { background: var(--red-soft); color: var(--red); }
.badge { display: inline-flex; align-items: center; gap: .4rem; padding: .1rem .6rem; border-radius: 999px; font-size: .82rem; font-weight: 600; white-space: nowrap; }
.dot { width: .6rem; height: .6rem; border-radius: 50%; background: var(--grey); flex: none; }
.green .dot, .dot.green { background: var(--green); } .badge.green { background: var(--green-soft); color: var(--green); }
.yellow .dot, .dot.yellow { background: var(--yellow); } .badge.yellow { background: var(--yellow-soft); color: var(--yellow); }
.red .dot, .dot.red { background: var(--red); } .badge.red { background: var(--red-soft); color: var(--red); }
.blue .dot, .dot.blue { background: var(--accent); } .badge.blue { background: var(--grey-soft); color: var(--accent); }
.grey .dot { background: var(--grey); } .badge.grey { background: var(--grey-soft); color: var(--muted); }
.pair { display: grid; grid-template-columns: minmax(0, 3fr) minmax(0, 2fr); gap: 1.8rem; }
.list { list-style: none; display: grid; gap: .6rem; max-height: 26rem; overflow-y: auto; }
.list .card { padding: .7rem .9rem; }
.list .row { display: flex; flex-wrap: wrap; gap: .2rem .8rem; align-items: center; }
.list .what { font-weight: 600; overflow-wrap: anywhere; }
.list .when { margin-left: auto; color: var(--muted); font-size: .85rem; font-variant-numeric: tabular-nums; }
.list .evidence { color: var(--muted); font-size: .9rem; margin-top: .3rem; }
.list .evidence ul { margin: .3rem 0 0; padding-left: 1.2rem; overflow-wrap: anywhere; }
.list .why { color: var(--muted); font-size: .9rem; overflow-wrap: anywhere; }
.stages { display: flex; gap: 2px; height: .5rem; margin: .5rem 0 .3rem; border-radius: 4px; overflow: hidden; }
.stages span { flex: 1; background: var(--grey-soft); }
.stages .past { background: var(--grey); } .stages .now { background: var(--accent); } .stages .done { background: var(--green); } .stages .undone { background: var(--red); }
.list .firing.critical { border-left: 4px solid var(--red); }
.list .firing.info { border-left: 4px solid var(--accent); }
.list .firing.warning { border-left: 4px solid var(--yellow); }
.list .empty { color: var(--muted); border-style: dashed; background: none; }
form { display: flex; flex-wrap: wrap; gap: .5rem; margin-top: .6rem; align-items: end; }
form label { display: grid; font-size: .8rem; color: var(--muted); flex: 1 1 40%; }
input { font: inherit; color: inherit; background: var(--ground); border: 1px solid var(--line); border-radius: 8px; padding: .35rem .6rem; min-width: 0; width: 100%; }
.act { font: inherit; font-weight: 600; border-radius: 8px; padding: .35rem .9rem; border: 1px solid var(--accent); background: var(--accent); color: var(--card); cursor: pointer; }
.act.plain { background: none; color: var(--ink); border-color: var(--line); }
.outcome { font-size: .9rem; min-height: 1.5em; padding-top: .4rem; }
.bar { display: flex; flex-wrap: wrap; justify-content: space-between; gap: .4rem 1rem; align-items: center; margin-bottom: .6rem; }
.bar h2 { margin: 0; }
.filter { display: flex; gap: .5rem; align-items: center; color: var(--muted); font-size: .9rem; }
.filter input { width: 17rem; background: var(--card); }
.scroll { overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: 12px; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { text-align: left; padding: .38rem .9rem; white-space: nowrap; }
thead th { color: var(--muted); font-weight: 600; font-size: .82rem; border-bottom: 1px solid var(--line); }
tbody tr + tr td { border-top: 1px solid var(--line); }
tbody .family td { background: var(--ground); color: var(--muted); font-size: .8rem; font-weight: 600; padding: .25rem .9rem; }
.num { text-align: right; font-variant-numeric: tabular-nums; }
td.none { color: var(--muted); white-space: normal; max-width: 14rem; font-size: .85rem; }
td.window { color: var(--muted); font-variant-numeric: tabular-nums; }
.spark { display: block; } .spark path { fill: none; stroke: var(--accent); stroke-width: 1.4; } .spark circle { fill: var(--accent); }
tr.critical td:first-child { box-shadow: inset 3px 0 var(--red); } tr.info td:first-child { box-shadow: inset 3px 0 var(--accent); } tr.warning td:first-child { box-shadow: inset 3px 0 var(--yellow); }
tr .badge { margin-left: .5rem; font-size: .75rem; padding: 0 .5rem; }
@media (max-width: 56rem) { .pair { grid-template-columns: minmax(0, 1fr); } }
@media (max-width: 40rem) {
  .top, main, footer { padding-left: 1rem; padding-right: 1rem; }
  .health ul { left: 0; right: auto; }
  .filter, .filter input { width: 100%; }
  th, td { padding: .38rem .6rem; }
}
`;
