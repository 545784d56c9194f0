/** The pages of the sample site. None of them shows what a client sent. */

interface Card {
  path: string;
  title: string;
  text: string;
}

/** What the index page asks for, in this order. */
const CARDS: readonly Card[] = [
  {
    path: '/style.css',
    title: 'Style sheet',
    text: 'Cacheable, says the origin. Your browser has just loaded it, so lb has it.',
  },
  { path: '/logo.svg', title: 'Emblem', text: 'The origin says nothing. lb knows an image and keeps it.' },
  {
    path: '/api/products/7',
    title: 'Product API',
    text: 'Silent as well. A rule of the config keeps it for a minute.',
  },
  { path: '/news', title: 'News', text: 'Good for five seconds; then lb asks whether its ETag still holds.' },
  { path: '/account', title: 'Account', text: 'Private: lb fetches it each time and stores nothing.' },
  { path: '/slow', title: 'Slow page', text: 'The origin takes two seconds. Only the first visitor waits.' },
];

export function indexPage(): string {
  const cards = CARDS.map(card).join('\n');
  return page(
    'The Lamp Shop, behind lb',
    `<header class="hero" data-path="/hills.png">
  <img alt="Hills at sunset">
  <div class="words">
    <h1>Every answer here came through lb</h1>
    <p>A sample site, with a cache in front of it. The labels are read from the answers themselves.</p>
  </div>
  <span class="badge"></span>
</header>
<section class="bar">
  <p><strong id="hits">0</strong> of <strong id="requests">0</strong> from the cache <span id="ratio"></span></p>
  <button id="again" type="button">Ask for all again</button>
</section>
<section class="cards">
${cards}
</section>
<section class="terminal">
  <h2>From a terminal</h2>
  <pre><code id="commands"></code></pre>
  <p>Purges go to the admin address, where no web page may reach: the terminal that runs <code>lb demo</code> shows the
  command. Purge the API, ask again, and the product's counter goes up by one.</p>
</section>`,
    '<script type="module" src="/app.js"></script>',
  );
}

export function newsPage(edition: number): string {
  return page(
    'News',
    `<article><h1>News</h1><p>Edition ${edition}, with a new one every thirty seconds.</p></article>`,
  );
}

export function slowPage(calls: number): string {
  const text = `The origin took two seconds for this, and has done so ${times(calls)}.`;
  return page('Slow page', `<article><h1>Worth waiting for</h1><p>${text}</p></article>`);
}

export function accountPage(calls: number): string {
  const text = `Made for you alone, at ${new Date().toISOString()}. The origin was asked ${times(calls)}.`;
  return page('Your account', `<article><h1>Your account</h1><p>${text}</p></article>`);
}

function times(calls: number): string {
  return calls === 1 ? 'once' : `${calls} times`;
}

function card({ path, title, text }: Card): string {
  return `<article class="card" data-path="${path}">
  <h2>${title} <span class="badge"></span></h2>
  <a href="${path}">${path}</a>
  <p>${text}</p>
  <dl>
    <div><dt>Age</dt><dd class="age">–</dd></div>
    <div><dt>Took</dt><dd class="took">–</dd></div>
    <div class="calls" hidden><dt>Origin calls</dt><dd>–</dd></div>
  </dl>
  <code class="status">&nbsp;</code>
</article>`;
}

function page(title: string, body: string, head = ''): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/style.css">
${head}
</head>
<body>
<main>
${body}
</main>
</body>
</html>
`;
}
