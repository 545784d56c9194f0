/** The sample site's style sheet. */
export const STYLE = `:root {
  color-scheme: light dark;
  --page: light-dark(#f6f5f8, #12131c);
  --card: light-dark(#ffffff, #1c1e2b);
  --line: light-dark(#e3e0ea, #2d3042);
  --text: light-dark(#1b2048, #ecebf3);
  --dim: light-dark(#65678a, #a3a5bf);
  --link: light-dark(#4a4fb5, #a9b0ff);
  --hit: light-dark(#16794a, #5fd39a);
  --miss: light-dark(#a05a00, #f5b661);
  --pass: light-dark(#65678a, #a3a5bf);
  --failed: light-dark(#b3261e, #ff8a80);
  --checked: light-dark(#0b6a8f, #6fc8ec);
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 68rem; margin: 0 auto; padding: 1.5rem; }
h1, h2, p { margin: 0; }
a { color: var(--link); text-decoration: none; }
a:hover { text-decoration: underline; }
code, .card a { font: 0.85rem/1.5 ui-monospace, monospace; }

.hero { position: relative; height: 18rem; border-radius: 1rem; overflow: hidden; background: #1b2048; color: #fff; }
.hero img { width: 100%; height: 100%; object-fit: cover; }
.hero img:not([src]) { visibility: hidden; }
.hero .words { position: absolute; inset: 2rem 2rem auto; max-width: 34rem; text-shadow: 0 1px 12px #121a40; }
.hero h1 { font-size: 2.1rem; line-height: 1.15; margin-bottom: 0.5rem; }
.hero .badge { position: absolute; right: 1rem; bottom: 1rem; background: #121a40d0; border-color: transparent; }
.hero .badge.hit { color: #5fd39a; }
.hero .badge.miss { color: #f5b661; }

.bar { display: flex; justify-content: space-between; align-items: center; gap: 1rem; margin: 1.25rem 0; }
.bar p { font-size: 1.1rem; }
.bar strong { font-variant-numeric: tabular-nums; }
#ratio { color: var(--dim); }
button { font: inherit; font-weight: 600; padding: 0.5rem 1.1rem; border: 0; border-radius: 0.6rem; cursor: pointer;
  background: var(--text); color: var(--page); }
button:disabled { opacity: 0.5; cursor: wait; }

.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(19rem, 1fr)); gap: 1rem; }
.card, .terminal, main > article { background: var(--card); border: 1px solid var(--line); border-radius: 0.9rem;
  padding: 1.1rem 1.2rem; }
.card { display: flex; flex-direction: column; }
.card h2 { display: flex; justify-content: space-between; align-items: center; font-size: 1.05rem; }
.card p { color: var(--dim); margin: 0.4rem 0 0.8rem; flex: 1; font-size: 0.95rem; }
.card .status { display: block; margin-top: 0.7rem; padding-top: 0.6rem; border-top: 1px solid var(--line);
  color: var(--dim); overflow-wrap: anywhere; }
dl { display: flex; gap: 1.6rem; margin: 0; }
dt { font-size: 0.75rem; color: var(--dim); }
dd { margin: 0; font-weight: 600; font-variant-numeric: tabular-nums; }

.badge { font-size: 0.75rem; font-weight: 700; letter-spacing: 0.04em; text-transform: uppercase;
  padding: 0.1rem 0.6rem; border: 1px solid currentColor; border-radius: 1rem; color: var(--pass); }
.badge:empty { display: none; }
.badge.hit { color: var(--hit); }
.badge.miss { color: var(--miss); }
.badge.revalidated { color: var(--checked); }
.badge.failed { color: var(--failed); }
.badge.waiting { opacity: 0.6; }

.terminal { margin-top: 1rem; }
.terminal h2 { font-size: 1.05rem; }
.terminal p { color: var(--dim); font-size: 0.95rem; }
pre { overflow-x: auto; padding: 0.8rem 1rem; border-radius: 0.6rem; background: #12131c; color: #ecebf3; }
main > article { max-width: 40rem; margin: 10vh auto 0; padding: 2rem; }
`;
