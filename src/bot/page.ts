/** The page that has a browser solve a puzzle. It needs nothing but itself, and SHA-256 of its own: without TLS browsers offer none. */

import { randomBytes } from 'node:crypto';
import { escapeHtml } from '../http/html.ts';

export interface PageTerms {
  /** ISSUED.RANDOM.MAC */
  readonly puzzle: string;
  readonly difficulty: number;
  readonly requestId: string;
}

/** @returns the page, and the Content-Security-Policy that it works under */
export function challengePage({ puzzle, difficulty, requestId }: PageTerms): { html: string; policy: string } {
  const nonce = randomBytes(12).toString('base64');
  const policy = [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src 'nonce-${nonce}'`,
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'self'",
  ].join('; ');
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>Checking your browser</title>
<style nonce="${nonce}">${STYLE}</style>
<noscript><style nonce="${nonce}">#say,#bar{display:none}</style></noscript>
</head>
<body data-puzzle="${puzzle}" data-difficulty="${difficulty}">
<main>
<h1>Checking your browser</h1>
<p id="say" role="status">This takes a moment, and happens by itself.</p>
<div id="bar"><i></i></div>
<noscript><p class="bad">This site has to know that you use a browser, and JavaScript is switched off in yours. Please switch it on and load the page again.</p></noscript>
<p class="id">Request ${escapeHtml(requestId)}</p>
</main>
<script nonce="${nonce}">${SCRIPT}</script>
</body>
</html>
`;
  return { html, policy };
}

const STYLE = `
:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}
body{margin:0;min-height:100vh;display:grid;place-items:center;background:light-dark(#f6f7f9,#15181d);color:light-dark(#1b1f24,#e6e9ee)}
main{max-width:26rem;padding:2rem;text-align:center}
h1{font-size:1.4rem;margin:0 0 .5rem}
p{margin:.5rem 0}
#bar{height:4px;margin:1.5rem auto;max-width:16rem;border-radius:2px;overflow:hidden;background:light-dark(#dde1e7,#2b313a)}
#bar i{display:block;height:100%;width:30%;border-radius:2px;background:light-dark(#2563eb,#7aa7ff);animation:go 1.2s ease-in-out infinite alternate}
@keyframes go{from{transform:translateX(0)}to{transform:translateX(233%)}}
@media(prefers-reduced-motion:reduce){#bar i{animation:none;width:100%}}
.bad{color:light-dark(#b42318,#ff9b8f)}
.id{margin-top:2rem;font-size:.8rem;opacity:.65;overflow-wrap:anywhere}`;

const SCRIPT = `
(() => {
  const { puzzle, difficulty } = document.body.dataset;
  const seed = puzzle.slice(puzzle.lastIndexOf('.') + 1);
  const bits = Number(difficulty);
  const say = (text) => {
    document.getElementById('say').textContent = text;
    document.getElementById('say').className = 'bad';
    document.getElementById('bar').hidden = true;
  };
  if (!navigator.cookieEnabled) return say('This site has to know that you use a browser, and needs cookies for it. Please allow them and load the page again.');
  const K = new Int32Array(64), H0 = new Int32Array(8);
  for (let n = 2, found = 0; found < 64; n++) {
    let prime = true;
    for (let d = 2; d * d <= n; d++) if (n % d === 0) prime = false;
    if (!prime) continue;
    if (found < 8) H0[found] = (Math.sqrt(n) % 1) * 4294967296;
    K[found++] = (Math.cbrt(n) % 1) * 4294967296;
  }
  const W = new Int32Array(64), bytes = new Uint8Array(64), view = new DataView(bytes.buffer);
  const ror = (x, n) => (x >>> n) | (x << (32 - n));
  const first = (text) => {
    bytes.fill(0);
    for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
    bytes[text.length] = 128;
    view.setInt32(60, text.length * 8);
    for (let i = 0; i < 16; i++) W[i] = view.getInt32(i * 4);
    for (let i = 16; i < 64; i++) {
      const a = W[i - 15], b = W[i - 2];
      W[i] = (ror(b, 17) ^ ror(b, 19) ^ (b >>> 10)) + W[i - 7] + (ror(a, 7) ^ ror(a, 18) ^ (a >>> 3)) + W[i - 16];
    }
    let [a, b, c, d, e, f, g, h] = H0;
    for (let i = 0; i < 64; i++) {
      const t = (h + (ror(e, 6) ^ ror(e, 11) ^ ror(e, 25)) + ((e & f) ^ (~e & g)) + K[i] + W[i]) | 0;
      const u = ((ror(a, 2) ^ ror(a, 13) ^ ror(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g; g = f; f = e; e = (d + t) | 0; d = c; c = b; b = a; a = (t + u) | 0;
    }
    return (a + H0[0]) | 0;
  };
  let n = 0;
  const work = () => {
    const until = performance.now() + 25;
    while (performance.now() < until) {
      for (const end = n + 200; n < end; n++) if (Math.clz32(first(seed + n)) >= bits) return done();
    }
    setTimeout(work);
  };
  const done = async () => {
    let answer;
    try {
      answer = await fetch(location.href, { headers: { 'X-Lb-Challenge': puzzle + '.' + n }, cache: 'no-store', redirect: 'manual' });
    } catch {
      return say('The site could not be reached. Please load the page again.');
    }
    if (answer.status !== 204) return say('That did not work. Please load the page again.');
    let last = 0;
    try {
      last = Number(sessionStorage.lbChallenge) || 0;
      sessionStorage.lbChallenge = Date.now();
    } catch {}
    if (Date.now() - last < 3000) return say('Your browser does not keep the cookie of this site. Please allow it and load the page again.');
    location.reload();
  };
  work();
})();`;
