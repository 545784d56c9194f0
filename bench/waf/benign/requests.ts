/** Ordinary requests: pages, searches, forms, APIs, beacons and uploads as real sites see them. Seeded, none like another. */
import { createHash } from 'node:crypto';
import type { Random } from '../regex-inputs.ts';
import { AGENTS, HTML, MARKDOWN, NAMES, SEARCHES, SENTENCES, STREETS } from './words.ts';

/** All text binary. */
export interface BenignRequest {
  readonly kind: string;
  readonly method: string;
  readonly target: string;
  readonly headers: readonly string[];
  readonly body: string;
}

interface Content {
  readonly kind: string;
  readonly method?: string;
  readonly target: string;
  readonly type?: string;
  /** Text. */
  readonly body?: string;
  readonly fields?: readonly string[];
}

function pick<T>(list: readonly T[], random: Random): T {
  return list[random(list.length)];
}

function some<T>(list: readonly T[], random: Random, most: number): T[] {
  return Array.from({ length: 1 + random(most) }, () => pick(list, random));
}

function hex(random: Random, digits: number): string {
  return createHash('sha512')
    .update(String(random(2 ** 30)))
    .digest('hex')
    .slice(0, digits);
}

function uuid(random: Random): string {
  const digits = hex(random, 32);
  return [
    digits.slice(0, 8),
    digits.slice(8, 12),
    `4${digits.slice(13, 16)}`,
    `a${digits.slice(17, 20)}`,
    digits.slice(20),
  ].join('-');
}

function base64(random: Random, bytes: number, form: 'base64' | 'base64url' = 'base64'): string {
  return createHash('sha512')
    .update(String(random(2 ** 30)))
    .digest()
    .subarray(0, bytes)
    .toString(form);
}

function jwt(random: Random): string {
  const head = Buffer.from('{"alg":"RS256","typ":"JWT","kid":"k1"}').toString('base64url');
  const claims = { sub: uuid(random), name: pick(NAMES, random), iat: time(random), scope: 'openid profile email' };
  return `${head}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.${base64(random, 64, 'base64url')}`;
}

function time(random: Random): number {
  return 1_700_000_000 + random(60_000_000);
}

function date(random: Random): string {
  return new Date(time(random) * 1000).toISOString();
}

function words(random: Random): string {
  const text = pick(SEARCHES, random);
  return random(3) === 0 ? `${text} ${pick(SEARCHES, random)}` : text;
}

function text(random: Random): string {
  return some(SENTENCES, random, 4).join(' ');
}

function email(random: Random): string {
  return `${pick(['anna', 'sean.o', 'j.garcia', 'info', 'a+b'], random)}${random(999)}@${pick(['example.com', 'mail.example', 'firma.example.de'], random)}`;
}

function url(random: Random): string {
  const path = pick(
    ['/', '/a/b', '/shop/red-shoes?color=red&size=42', '/p?id=12#top', '/search?q=a%20b', '/%E6%9D%B1'],
    random,
  );
  return `https://${pick(['www.example.com', 'shop.example', 'cdn.example.net:8443'], random)}${path}`;
}

function form(fields: Readonly<Record<string, string | number>>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) search.append(name, String(value));
  return search.toString();
}

const PATHS = [
  ...[
    '/',
    '/index.html',
    '/shop/red-shoes',
    '/de/produkte/k%C3%BChlschrank',
    '/blog/2024/05/how-to-boil-eggs',
    '/wiki/C%2B%2B',
  ],
  ...[
    '/assets/app.3f2a9c1b.js',
    '/_next/static/chunks/pages/index-8a1b.js',
    '/static/css/main.css',
    '/img/a%20b.jpg',
    '/favicon.ico',
  ],
  ...[
    '/wp-content/uploads/2024/05/a-300x200.jpg',
    '/manifest.webmanifest',
    '/sitemap.xml',
    '/robots.txt',
    '/feed/',
    '/@user/posts',
  ],
  ...[
    '/~anna/',
    '/a,b;c=d/',
    '/product/O%27Neill-jacket',
    '/category/men%26women',
    '/en-US/docs/Web/HTTP',
    '/s/%E6%9D%B1%E4%BA%AC/',
  ],
];

type Maker = (random: Random) => Content;

const page: Maker = (random) => {
  const tail = pick(
    [
      '',
      '',
      `?v=${hex(random, 8)}`,
      `?page=${random(50)}&sort=price_asc`,
      `?utm_source=news&utm_campaign=summer_${random(9)}%25`,
    ],
    random,
  );
  return { kind: 'page', target: pick(PATHS, random) + tail };
};

const search: Maker = (random) => {
  const query = form({ q: words(random), page: random(20), lang: pick(['de', 'en-US', 'zh-Hans'], random) });
  const filter = random(3) === 0 ? `&filter%5Bcolor%5D%5B%5D=red&filter[price]=10-${random(500)}` : '';
  return { kind: 'search', target: `/search?${query}${filter}` };
};

const redirect: Maker = (random) => ({
  kind: 'address in a value',
  target: `/${pick(['login', 'oauth/authorize', 'share', 'r'], random)}?${form({
    [pick(['return_to', 'redirect_uri', 'url', 'next'], random)]: url(random),
    state: base64(random, 24, random(2) === 0 ? 'base64' : 'base64url'),
    scope: 'openid profile',
  })}`,
});

const beacon: Maker = (random) => {
  const values = {
    ...{
      v: 2,
      tid: `G-${hex(random, 10).toUpperCase()}`,
      cid: `${random(2 ** 30)}.${time(random)}`,
      dl: url(random),
      dt: words(random),
    },
    ...{
      sr: '1920x1080',
      ul: 'de-de',
      en: 'page_view',
      _et: random(9999),
      'ep.currency': 'EUR',
      gcs: 'G111',
      dr: url(random),
    },
  };
  if (random(2) === 0) return { kind: 'beacon', target: `/g/collect?${form(values)}` };
  const body = JSON.stringify({ events: [values], ua: pick(AGENTS, random), ts: time(random) });
  return { kind: 'beacon', method: 'POST', target: '/api/beacon', type: 'text/plain;charset=UTF-8', body };
};

const login: Maker = (random) => ({
  kind: 'form',
  method: 'POST',
  target: '/login',
  type: 'application/x-www-form-urlencoded',
  body: form({
    authenticity_token: base64(random, 48),
    'user[email]': email(random),
    'user[password]':
      pick(['correct horse battery', 'Pa$$w0rd!', 'x9#kL2@q', "it's-me-2024", '密码123', 'a&b=c%d'], random) +
      random(99),
    remember: 'on',
  }),
});

const checkout: Maker = (random) => ({
  kind: 'form',
  method: 'POST',
  target: '/checkout/address',
  type: 'application/x-www-form-urlencoded',
  body: form({
    ...{
      csrfmiddlewaretoken: hex(random, 64),
      name: pick(NAMES, random),
      street: pick(STREETS, random),
      zip: 10_000 + random(89_999),
    },
    ...{
      city: pick(['Köln', "L'Aquila", 'São Paulo', '東京', 'St. John’s'], random),
      country: 'DE',
      phone: `+49 (0)221 ${random(999_999)}`,
    },
    ...{ birthday: date(random).slice(0, 10), note: text(random), total: `${random(500)}.99`, email: email(random) },
  }),
});

const comment: Maker = (random) => ({
  kind: 'comment',
  method: 'POST',
  target: `/posts/${random(9999)}/comments`,
  type: 'application/x-www-form-urlencoded',
  body: form({
    author: pick(NAMES, random),
    email: email(random),
    url: url(random),
    comment: text(random),
    _wpnonce: hex(random, 10),
  }),
});

const html: Maker = (random) => {
  const content = some(HTML, random, 4).join('\n');
  if (random(2) === 0) {
    return {
      kind: 'HTML editor',
      method: 'POST',
      target: '/admin/posts',
      type: 'application/x-www-form-urlencoded',
      body: form({ title: words(random), content }),
    };
  }
  const body = JSON.stringify({ title: words(random), content: { rendered: content }, status: 'draft' });
  return { kind: 'HTML editor', method: 'PUT', target: `/api/posts/${random(999)}`, type: 'application/json', body };
};

const markdown: Maker = (random) => {
  const body = JSON.stringify({
    title: words(random),
    body: some(MARKDOWN, random, 3).join('\n\n'),
    labels: ['bug', 'help wanted'],
  });
  return { kind: 'Markdown', method: 'POST', target: '/api/issues', type: 'application/json', body };
};

function record(random: Random): object {
  return {
    ...{
      id: uuid(random),
      name: pick(NAMES, random),
      email: email(random),
      createdAt: date(random),
      active: random(2) === 0,
    },
    ...{
      score: random(1000) / 7,
      tags: some(SEARCHES, random, 4),
      avatar: url(random),
      address: { street: pick(STREETS, random), geo: [52.5, 13.4] },
    },
    ...{
      note: random(3) === 0 ? null : text(random),
      etag: `W/"${hex(random, 16)}"`,
      price: { amount: '19.99', currency: 'EUR' },
    },
  };
}

const api: Maker = (random) => {
  const kind = 'JSON';
  const target = pick(
    ['/api/v1/users', '/api/v2/orders/42/items', '/v1/events:batch', `/api/users/${uuid(random)}`],
    random,
  );
  const records = Array.from({ length: 1 + random(4) }, () => record(random));
  const method = pick(['POST', 'PUT', 'PATCH'], random);
  const body = JSON.stringify(
    random(2) === 0 ? record(random) : { data: records, meta: { total: random(999), next: null } },
  );
  return {
    kind,
    method,
    target,
    type: pick(['application/json', 'application/json; charset=utf-8'], random),
    body,
    fields: ['Authorization', `Bearer ${jwt(random)}`],
  };
};

const apiGet: Maker = (random) => {
  const query = form({
    ...{
      fields: 'id,name,address(street,geo)',
      filter: `status eq 'open' and total gt ${random(100)}`,
      sort: '-createdAt,+name',
    },
    ...{
      from: date(random),
      cursor: base64(random, 30),
      'page[size]': 50,
      include: 'author,comments.author',
      ids: `${random(99)},${random(99)}`,
    },
  });
  const few = form({ limit: 20, offset: random(999), q: words(random), since: date(random), _: time(random) * 1000 });
  return {
    kind: 'API query',
    target: `/api/v1/items?${random(4) === 0 ? query : few}`,
    fields: ['Authorization', `Bearer ${jwt(random)}`, 'X-Requested-With', 'XMLHttpRequest'],
  };
};

const QUERIES = [
  'query Products($first: Int!, $after: String) { products(first: $first, after: $after) { edges { node { id title } cursor } } }',
  'mutation UpdateCart($id: ID!, $lines: [LineInput!]!) { cartUpdate(id: $id, lines: $lines) { cart { id total } userErrors { field message } } }',
  'query Search($q: String!) {\n  search(query: $q, type: PRODUCT, first: 10) {\n    ... on Product { id title }\n  }\n}',
  'fragment F on User { id name } query Me { me { ...F posts(orderBy: {field: CREATED_AT, direction: DESC}) { totalCount } } }',
];

const graphql: Maker = (random) => {
  const query = pick(QUERIES, random);
  const variables = {
    first: random(50),
    after: base64(random, 12),
    q: words(random),
    id: `gid://shop/Cart/${uuid(random)}`,
    lines: [],
  };
  if (random(4) === 0)
    return { kind: 'GraphQL', target: `/graphql?${form({ query, variables: JSON.stringify(variables) })}` };
  const body = JSON.stringify({ operationName: 'Search', query, variables });
  return { kind: 'GraphQL', method: 'POST', target: '/graphql', type: 'application/json', body };
};

const upload: Maker = (random) => {
  const boundary = `----WebKitFormBoundary${hex(random, 16)}`;
  const name = pick(
    ['photo 1.jpg', 'Lebenslauf (final).pdf', "Anna's holiday.png", '領収書.pdf', 'data-2024.csv', 'a & b.txt'],
    random,
  );
  const content = name.endsWith('csv') ? 'id;name;total\r\n1;"Smith, Anna";19,99' : base64(random, 60);
  const parts = [
    `Content-Disposition: form-data; name="title"\r\n\r\n${words(random)}`,
    `Content-Disposition: form-data; name="description"\r\n\r\n${text(random)}`,
    `Content-Disposition: form-data; name="file"; filename="${name}"\r\nContent-Type: application/octet-stream\r\n\r\n${content}`,
  ];
  const body = `${parts.map((part) => `--${boundary}\r\n${part}\r\n`).join('')}--${boundary}--\r\n`;
  return { kind: 'upload', method: 'POST', target: '/upload', type: `multipart/form-data; boundary=${boundary}`, body };
};

const xml: Maker = (random) => {
  const safe = (value: string) => value.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n<order id="${random(999)}"><customer>${safe(pick(NAMES, random))}</customer><note lang="en">${safe(text(random))}</note></order>`;
  return { kind: 'XML', method: 'POST', target: '/soap/orders', type: 'text/xml; charset=utf-8', body };
};

/** Each as often as it is named. */
const MAKERS: readonly Maker[] = [
  ...[page, page, page, page, search, search, redirect, beacon, beacon, login, checkout, comment],
  ...[api, api, api, apiGet, apiGet, graphql, upload, xml, markdown, html],
];

function cookies(random: Random): string {
  const jar = [
    `_ga=GA1.2.${random(2 ** 30)}.${time(random)}`,
    `_ga_${hex(random, 10).toUpperCase()}=GS1.1.${time(random)}.3.1.${time(random)}.0.0.0`,
    `PHPSESSID=${hex(random, 26)}`,
    `JSESSIONID=${hex(random, 32).toUpperCase()}.node1`,
    `laravel_session=${encodeURIComponent(base64(random, 64))}`,
    `XSRF-TOKEN=${encodeURIComponent(base64(random, 48))}`,
    `connect.sid=s%3A${base64(random, 24, 'base64url')}.${encodeURIComponent(base64(random, 32))}`,
    `csrftoken=${hex(random, 64)}; sessionid=${hex(random, 32)}`,
    `_app_session=${encodeURIComponent(base64(random, 60))}--${hex(random, 40)}`,
    `.AspNetCore.Antiforgery.${hex(random, 11)}=CfDJ8${base64(random, 60, 'base64url')}`,
    `token=${jwt(random)}`,
    `OptanonConsent=isGpcEnabled=0&datestamp=${encodeURIComponent(date(random))}&version=6.33.0&groups=C0001%3A1%2CC0002%3A0`,
    `prefs=${encodeURIComponent(JSON.stringify({ lang: 'de', dark: true, seen: [1, 2] }))}`,
    `wordpress_logged_in_${hex(random, 32)}=admin%7C${time(random)}%7C${hex(random, 43)}`,
    `_fbp=fb.1.${time(random)}123.${random(2 ** 30)}`,
    `lang=de-DE; theme=dark; tz=Europe%2FBerlin`,
  ];
  return some(jar, random, 4).join('; ');
}

/** The request with this number, of the seed's random numbers. */
export function benignRequest(random: Random): BenignRequest {
  const { kind, method = 'GET', target, type, body = '', fields = [] } = pick(MAKERS, random)(random);
  const headers = ['Host', 'www.example.com', 'User-Agent', pick(AGENTS, random)];
  headers.push(
    'Accept',
    pick(
      ['*/*', 'application/json, text/plain, */*', 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'],
      random,
    ),
  );
  headers.push(
    'Accept-Language',
    pick(['de-DE,de;q=0.9,en;q=0.8', 'en-US,en;q=0.5', 'zh-CN'], random),
    'Accept-Encoding',
    'gzip, deflate, br',
  );
  if (random(3) > 0) headers.push('Cookie', cookies(random));
  if (random(2) === 0) headers.push('Referer', `https://www.example.com/search?${form({ q: words(random) })}`);
  if (random(4) === 0) headers.push('If-None-Match', `W/"${hex(random, 16)}"`, 'Cache-Control', 'no-cache');
  if (random(4) === 0)
    headers.push('Sec-Fetch-Site', 'same-origin', 'Sec-CH-UA', '"Chromium";v="126", "Not/A)Brand";v="8"');
  if (random(9) === 0) headers.push('Range', 'bytes=0-1023');
  headers.push(...fields);
  const content = Buffer.from(body).toString('latin1');
  if (type !== undefined) {
    headers.push('Content-Type', type, 'Content-Length', String(content.length), 'Origin', 'https://www.example.com');
  }
  return { kind, method, target, headers, body: content };
}
