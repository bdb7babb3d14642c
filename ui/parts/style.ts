/** The look of all pages. Text has a contrast of 4.5 to 1 or more in both schemes (WCAG 2.2, 1.4.3). */
export const style = `:root {
  color-scheme: light dark;
  --ground: #fff; --text: #1b1f24; --quiet: #57606a; --line: #d0d7de; --soft: #f6f8fa; --link: #0550ae;
  --bad: #b3141d; --bad-soft: #ffebe9; --warning: #7a4b00; --warning-soft: #fff3c4; --note: #0b4f9e; --note-soft: #e3f0ff;
  --good: #0f5b2a; --good-soft: #dcf5e3; --plain: #424a53; --plain-soft: #eaeef2;
  --new: #2f6fdb; --same: #aeb9c7; --held: #d98a00;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #0f1318; --text: #e6edf3; --quiet: #9aa5b1; --line: #343b44; --soft: #171d24; --link: #7cb7ff;
    --bad: #ff9a94; --bad-soft: #47171b; --warning: #f0c060; --warning-soft: #3d2f0d; --note: #9ccbff; --note-soft: #14304f;
    --good: #7fdb9d; --good-soft: #11351d; --plain: #c2cbd5; --plain-soft: #2a323b;
    --new: #5a96f5; --same: #566270; --held: #e0a030;
  }
}
* { box-sizing: border-box; }
body { background: var(--ground); color: var(--text); font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 84rem; padding: 0 1rem 3rem; }
a { color: var(--link); }
a:focus-visible, button:focus-visible, input:focus-visible, select:focus-visible, .wide:focus-visible, summary:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
main:focus { outline: none; }
.skip { position: absolute; left: -100rem; }
.skip:focus { background: var(--ground); left: 1rem; padding: 0.5rem; top: 0.5rem; z-index: 1; }
header { align-items: center; border-bottom: 1px solid var(--line); display: flex; flex-wrap: wrap; gap: 0.5rem 2rem; justify-content: space-between; padding: 0.7rem 0; }
header nav, header ul { align-items: baseline; display: flex; flex-wrap: wrap; gap: 0.3rem 1.2rem; list-style: none; margin: 0; padding: 0; }
[aria-current] { color: var(--text); font-weight: 700; text-decoration: none; }
h1 { font-size: 1.6rem; margin: 1.2rem 0 0.8rem; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 2rem 0 0.6rem; }
h3 { font-size: 1rem; margin: 1.2rem 0 0.4rem; }
code { background: var(--soft); border-radius: 3px; font: 13px/1.45 ui-monospace, monospace; overflow-wrap: anywhere; padding: 0.05rem 0.25rem; }
.quiet { color: var(--quiet); }
.good { color: var(--good); }
.unseen { clip-path: inset(50%); height: 1px; overflow: hidden; position: absolute; white-space: nowrap; width: 1px; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid var(--line); padding: 0.4rem 0.9rem 0.4rem 0; text-align: left; vertical-align: top; }
thead th { color: var(--quiet); font-size: 0.85rem; font-weight: 600; white-space: nowrap; }
tbody th { font-weight: 600; min-width: 9rem; }
td[data-title='What'] { min-width: 12rem; }
td[data-title='Why'], td[data-title='What to do'] { min-width: 16rem; overflow-wrap: anywhere; }
th.number, td.number { font-variant-numeric: tabular-nums; text-align: right; white-space: nowrap; }
time { white-space: nowrap; }
.badge { border-radius: 1rem; display: inline-block; font-size: 0.85rem; font-weight: 600; padding: 0.05rem 0.6rem; white-space: nowrap; }
.badge.bad { background: var(--bad-soft); color: var(--bad); }
.badge.warning { background: var(--warning-soft); color: var(--warning); }
.badge.note { background: var(--note-soft); color: var(--note); }
.badge.good { background: var(--good-soft); color: var(--good); }
.badge.plain { background: var(--plain-soft); color: var(--plain); }
.tiles { display: flex; flex-wrap: wrap; gap: 0.8rem; list-style: none; margin: 1rem 0; padding: 0; }
.tiles li { border: 1px solid var(--line); border-radius: 8px; }
.tiles a { color: var(--text); display: block; min-width: 8.5rem; padding: 0.6rem 1rem; text-decoration: none; }
.tiles a:hover { text-decoration: underline; }
.tiles strong { display: block; font-size: 1.7rem; line-height: 1.2; }
.tiles .bad { background: var(--bad-soft); border-color: var(--bad); }
.tiles .warning { background: var(--warning-soft); border-color: var(--warning); }
.facts { display: grid; gap: 0.3rem 2rem; grid-template-columns: repeat(auto-fit, minmax(16rem, 1fr)); margin: 0.8rem 0; }
.facts dt { color: var(--quiet); font-size: 0.85rem; }
.facts dd, .reasons dd { margin: 0; overflow-wrap: anywhere; }
.reasons { display: grid; gap: 0.2rem 1rem; grid-template-columns: max-content 1fr; }
.reasons dt { font-weight: 600; }
.reason { border-left: 3px solid var(--held); margin: 0.6rem 0; padding-left: 0.8rem; }
form[role="search"] { align-items: end; display: flex; flex-wrap: wrap; gap: 0.6rem 1rem; margin: 1rem 0; }
.act { align-items: end; display: flex; flex-wrap: wrap; gap: 0.6rem; margin: 0.4rem 0 1rem; }
input, select, button { background: var(--ground); border: 1px solid var(--quiet); border-radius: 5px; color: var(--text); font: inherit; min-height: 2.2rem; padding: 0.2rem 0.6rem; }
button { background: var(--soft); cursor: pointer; font-weight: 600; }
fieldset { border: 1px solid var(--line); border-radius: 5px; display: grid; gap: 0.2rem; margin: 0; }
fieldset label { align-items: center; display: flex; gap: 0.5rem; }
fieldset input { min-height: 1.2rem; }
.pair { border: 1px solid var(--line); border-radius: 8px; margin: 0.8rem 0; padding: 0.2rem 1rem; }
.pair td { overflow-wrap: anywhere; }
.pair td:nth-child(2), .pair td:nth-child(3) { min-width: 14rem; }
tr.alike td { color: var(--quiet); }
.pages { display: flex; flex-wrap: wrap; gap: 1rem; list-style: none; padding: 0; }
figure { margin: 0.5rem 0 1rem; }
figure svg { display: block; height: auto; max-width: 100%; }
figcaption { color: var(--quiet); font-size: 0.85rem; }
.axis { stroke: var(--line); }
.rows-new { fill: var(--new); } .rows-same { fill: var(--same); } .rows-held { fill: var(--held); }
.lasted { fill: var(--same); } .waited, .waited-limit { fill: var(--held); } .waited-partner { fill: var(--bad); } .waited-person { fill: var(--note); } .waited-own { fill: var(--plain); }
svg text { fill: var(--text); font: 11px system-ui, sans-serif; }
.ended-ok { fill: var(--good); background: var(--good); } .ended-partial { fill: var(--held); background: var(--held); }
.ended-suspect, .ended-failed { fill: var(--bad); background: var(--bad); }
.ended-deferred, .ended-running { fill: var(--note); background: var(--note); }
.key { border-left: 0.8rem solid; margin-left: 0.6rem; padding-left: 0.3rem; }
.key.rows-new { border-color: var(--new); } .key.rows-same, .key.lasted { border-color: var(--same); } .key.rows-held, .key.waited, .key.waited-limit { border-color: var(--held); }
.key.waited-partner { border-color: var(--bad); } .key.waited-person { border-color: var(--note); } .key.waited-own { border-color: var(--plain); }
.strip { display: inline-flex; gap: 2px; }
.strip span { border-radius: 2px; display: inline-block; height: 1rem; width: 0.45rem; }
.strip .ended-ok { height: 0.6rem; margin-top: 0.4rem; }
meter { height: 0.9rem; vertical-align: middle; width: 8rem; }
.read { border-top: 1px solid var(--line); margin-top: 3rem; padding-top: 0.6rem; }
@media (max-width: 48rem) {
  .stacked thead { display: none; }
  .stacked table, .stacked tbody, .stacked tr, .stacked th, .stacked td { display: block; padding: 0; }
  .stacked tr { border-bottom: 1px solid var(--line); padding: 0.7rem 0; }
  .stacked th, .stacked td { border: 0; }
  .stacked td::before { color: var(--quiet); content: attr(data-title) ': '; font-size: 0.85rem; }
  .facts { grid-template-columns: 1fr; }
  .reasons { grid-template-columns: 1fr; }
}
@media print { header, form, .skip, #live-state { display: none; } body { max-width: none; } }
`;
