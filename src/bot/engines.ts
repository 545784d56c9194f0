/** Operators of crawlers whose addresses have names that tell so. */

export interface Engine {
  readonly name: string;
  /** What is found in the User-Agent. */
  readonly agent: RegExp;
  /** Domains that names of their addresses lie in, with the dot before them. */
  readonly domains: readonly string[];
}

/** As they say in their own pages on how to verify a crawler. */
export const ENGINES: readonly Engine[] = [
  {
    name: 'google',
    agent: /Googlebot|Google-InspectionTool|GoogleOther|Storebot-Google|AdsBot-Google|Mediapartners-Google|APIs-Google/,
    domains: ['.googlebot.com', '.google.com'],
  },
  { name: 'bing', agent: /bingbot|msnbot|adidxbot|BingPreview|MicrosoftPreview/i, domains: ['.search.msn.com'] },
  { name: 'yandex', agent: /yandex\.com\/bots|Yandex\w*Bot/, domains: ['.yandex.com', '.yandex.net', '.yandex.ru'] },
  { name: 'baidu', agent: /Baiduspider/i, domains: ['.crawl.baidu.com', '.crawl.baidu.jp', '.baidu.com', '.baidu.jp'] },
  { name: 'apple', agent: /Applebot/, domains: ['.applebot.apple.com'] },
  { name: 'yahoo', agent: /Yahoo! Slurp/, domains: ['.crawl.yahoo.net'] },
  { name: 'seznam', agent: /SeznamBot/, domains: ['.seznam.cz'] },
  { name: 'sogou', agent: /Sogou \w* ?(?:web )?spider/i, domains: ['.crawl.sogou.com', '.sogou.com'] },
  { name: 'petal', agent: /PetalBot/, domains: ['.petalsearch.com', '.aspiegel.com'] },
  { name: 'naver', agent: /\bYeti\//, domains: ['.naver.com'] },
  { name: 'coccoc', agent: /coccocbot/i, domains: ['.coccoc.com'] },
  { name: 'amazon', agent: /Amazonbot/, domains: ['.crawl.amazonbot.amazon'] },
  { name: 'pinterest', agent: /Pinterestbot/i, domains: ['.pinterest.com', '.pinterestcrawler.com'] },
];

export function engineOf(agent: string): Engine | undefined {
  return ENGINES.find((engine) => engine.agent.test(agent));
}

/** Whether the name of an address is one of the operator's. */
export function isNameOf({ domains }: Engine, name: string): boolean {
  const lower = `.${name.toLowerCase().replace(/\.$/, '')}`;
  return domains.some((domain) => lower.endsWith(domain));
}
