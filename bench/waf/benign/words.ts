/** What people write and machines send: words, sentences and values for ordinary requests. */

export const SEARCHES = [
  ...[
    'red shoes',
    "women's jackets",
    'iphone 15 pro max',
    'how to boil eggs',
    '4k tv 55"',
    'rock & roll',
    'C++ tutorial',
    'c# vs java',
  ],
  ...[
    '50% off',
    'size > 10',
    '"exact phrase"',
    'cats or dogs',
    'black and white',
    'O’Reilly books',
    "O'Reilly",
    'AT&T',
    'node.js',
  ],
  ...[
    'select a plan',
    'union square hotel',
    'drop shipping',
    'table lamp',
    'order by phone',
    'group by color',
    'update my profile',
  ],
  ...[
    'delete account',
    'insert coin',
    'where is my order',
    'having trouble',
    'execute order 66',
    'cat food',
    'curl cream',
    'ping pong',
  ],
  ...[
    'Schuhe für Damen',
    'größe 42',
    'Kühlschrank günstig',
    'Straßenbahn',
    'chaussures à talons',
    "l'été à Paris",
    'où est-ce',
  ],
  ...[
    'zapatos rojos',
    '¿dónde está?',
    'niños',
    'sapatos vermelhos',
    'promoção',
    'scarpe rosse',
    "un po' di vino",
    'красные туфли',
  ],
  ...[
    'Москва',
    'дешёвые билеты',
    '東京 ホテル',
    'ラーメン',
    '红色的鞋子',
    '上海天气',
    '서울 맛집',
    'أحذية حمراء',
    'נעליים',
    'รองเท้าแดง',
  ],
  ...[
    'लाल जूते',
    'buty czerwone',
    'żółta łódź',
    'kırmızı ayakkabı',
    'röda skor',
    'đôi giày đỏ',
    '🎁 gift ideas',
    'café ☕ near me',
  ],
];

export const SENTENCES = [
  ...['Thanks for the quick delivery, the shoes fit perfectly!', "I can't log in since yesterday; what should I do?"],
  ...[
    'The battery lasts 8-10 hours (depending on usage).',
    'Would buy again :-) 5/5',
    'Is it waterproof? I need it for hiking.',
  ],
  ...[
    'Please call me between 9 and 5, or send an e-mail to a.smith@example.com.',
    'It costs $19.99 / month & there is no fee.',
  ],
  ...['First line\r\nSecond line\r\n\r\nBest regards,\r\nAnna', 'We met at the café; it was -5 °C outside…'],
  ...['Das Paket kam beschädigt an, bitte um Rückruf.', 'Très bon produit, je le recommande à tout le monde !'],
  ...[
    'El envío tardó 3 días, todo perfecto.',
    'Отличный товар, спасибо!',
    '商品很好，物流也很快。',
    'とても良かったです。',
  ],
  ...['Use the app to select your seat, then pay from your account.', 'I want to update where my order is delivered.'],
  ...[
    'Note: a = b + c; see chapter 3 (page 12).',
    '"Great", she said -- and left.',
    'Q: 1/2 or 3/4? A: 0.75',
    'tl;dr: works',
  ],
  ...['My order #12345 has not arrived; tracking says "in transit".', "Rock'n'roll is not dead, it's alive & kicking"],
];

export const NAMES = [
  ...[
    'Anna Smith',
    "Sean O'Connor",
    'José García',
    'Łukasz Żak',
    'Zoë Müller-Lüdenscheid',
    '山田 太郎',
    'Нина Петрова',
    "D'Angelo",
  ],
  ...[
    'Jean-Luc Picard',
    'Björk Guðmundsdóttir',
    'Null',
    'Nguyễn Văn An',
    'Dr. Martin L. King, Jr.',
    'محمد علي',
    'Union Select Ltd.',
  ],
];

export const STREETS = [
  ...[
    '12 High Street',
    'Königstraße 5a',
    "Rue de l'Église 3",
    'Calle Mayor, 4, 2º B',
    'Flat 3/4, 221B Baker St.',
    'P.O. Box 42',
  ],
  ...['1-2-3 Shibuya', 'ул. Ленина, д. 5, кв. 7', '10 Drop Table Lane', '5th Ave & 42nd St #12'],
];

/** Such as an editor in a page posts. */
export const HTML = [
  '<p>Hello <strong>world</strong></p>',
  '<h2>Title</h2><p>Text with a <a href="https://example.com/a?b=c">link</a>.</p>',
  '<ul><li>One</li><li>Two</li></ul>',
  '<p style="text-align: center">Centred</p>',
  '<img src="https://cdn.example.com/a.jpg" alt="A picture">',
  '<blockquote>Quoted &amp; escaped &lt;b&gt;</blockquote><p><br></p>',
  '<table><tr><td>1</td><td>2</td></tr></table>',
  '<pre><code class="language-sql">SELECT * FROM users WHERE id = 1;</code></pre>',
];

/** Such as a forum of programmers posts. */
export const MARKDOWN = [
  '# Title\n\nSome *text* with `code` and [a link](https://example.com).',
  '```js\nconst a = items.map((x) => x * 2);\nconsole.log(a);\n```',
  '```sql\nSELECT name FROM users WHERE id = 1;\n```',
  'Run `npm install` and then `npm test -- --watch`.',
  '- [x] done\n- [ ] to do\n\n> quote',
  '| a | b |\n|---|---|\n| 1 | 2 |',
];

export const AGENTS = [
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36',
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15',
  'Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1',
  'Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.6478.71 Mobile Safari/537.36',
  'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)',
  'ShopApp/4.2.1 (com.example.shop; build:421; iOS 17.5.0) Alamofire/5.9.1',
  'okhttp/4.12.0',
];
