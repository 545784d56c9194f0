/** What kinds of clients there are; append only, the index is the number in logs and counters. */
export const BOT_CLASSES = [
  'browser',
  'search',
  'ai',
  'preview',
  'monitor',
  'seo',
  'feed',
  'library',
  'headless',
  'scanner',
  'fake',
  'unknown',
] as const;
export type BotClass = (typeof BOT_CLASSES)[number];

/** What may become of a request, from the mildest to the strictest. */
export const BOT_ACTIONS = ['allow', 'log', 'rate_limit', 'challenge', 'block'] as const;
export type BotAction = (typeof BOT_ACTIONS)[number];
