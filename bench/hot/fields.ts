/** The fields of a request of a browser, and of one of a tool that sends nothing but Host. */
export const PLAIN: Readonly<Record<string, string>> = { host: 'www.example.com' };

export const BROWSER: Readonly<Record<string, string>> = {
  ...PLAIN,
  'user-agent':
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
  accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8',
  'accept-language': 'de,en;q=0.8',
  'accept-encoding': 'gzip, deflate, br, zstd',
  referer: 'https://www.example.com/products/list?page=2',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
};
