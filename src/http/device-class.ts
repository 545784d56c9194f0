/** What kind of device a client says it is, for answers that differ by it. */
export type DeviceClass = 'mobile' | 'tablet' | 'desktop' | 'bot';

/** Crawlers, link previews and HTTP libraries. Cubot makes telephones. */
const BOT =
  /(?<!cu)bot\b|(?<!cu)bot[/;_-]|crawl|spider|slurp|scrapy|headless|lighthouse|externalhit|inspectiontool|^(?:curl|wget|python|go-http-client|java|libwww-perl|axios|node)\b/i;

/** Android on a screen without touch, which says Android and not Mobile as tablets do. */
const TELEVISION = /smart-?tv|android tv|googletv|appletv|bravia|\baft[a-z]{1,4}\b|\btv\b/i;

const TABLET = /ipad|tablet|playbook|kindle|silk(?!.*mobile)|android(?!.*mobile)/i;

const MOBILE = /mobi|iphone|ipod|android|windows phone|blackberry|opera mini/i;

/**
 * The class of the client by its User-Agent and its Sec-CH-UA-Mobile (`?1` for a layout fit for a telephone), '' where a
 * field is absent. Who says nothing gets what desktops get.
 */
export function deviceClass(userAgent: string, mobileHint: string): DeviceClass {
  if (BOT.test(userAgent)) return 'bot';
  if (TELEVISION.test(userAgent)) return 'desktop';
  if (mobileHint === '?1') return 'mobile';
  if (TABLET.test(userAgent)) return 'tablet';
  return MOBILE.test(userAgent) ? 'mobile' : 'desktop';
}

/** Longer ones are cut off: what counts stands in front. */
const MAX_LENGTH = 512;

/** Agents remembered; beyond it they are worked out again, so that invented ones cost no memory. */
const MAX_REMEMBERED = 4096;

/** Remembers the class of agents seen. */
export class DeviceClasses {
  readonly #mobile = new Map<string, DeviceClass>();
  readonly #other = new Map<string, DeviceClass>();

  /** As `deviceClass`, of the first 512 characters. */
  of(userAgent: string, mobileHint: string): DeviceClass {
    const agent = userAgent.length > MAX_LENGTH ? userAgent.slice(0, MAX_LENGTH) : userAgent;
    const remembered = mobileHint === '?1' ? this.#mobile : this.#other;
    const known = remembered.get(agent);
    if (known !== undefined) return known;
    const found = deviceClass(agent, mobileHint);
    if (remembered.size >= MAX_REMEMBERED) remembered.clear();
    remembered.set(agent, found);
    return found;
  }
}
