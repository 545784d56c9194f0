/** What lb compresses, and to what. */

import type { CompressionConfig, DictionaryConfig } from './config.ts';
import type { ErrorList } from './errors.ts';
import type { Picker } from './picker.ts';

/** An object `compression` alone switches it on. */
export function resolveCompression(pick: Picker, errors: ErrorList): CompressionConfig {
  const compression: CompressionConfig = {
    enabled: pick.value(
      'compression.enabled',
      'compression.enabled',
      pick.findObject('compression') !== undefined,
    ) as boolean,
    encodings: [...new Set(pick.list('compression.encodings'))] as CompressionConfig['encodings'],
    minLength: pick.number('compression.min_length'),
    types: pick.list('compression.types'),
    background: pick.boolean('compression.background'),
    dictionaries: pick.items<DictionaryConfig>('compression.dictionaries'),
  };
  const place = pick.find('compression.encodings')?.place;
  if (place && compression.encodings.length === 0)
    errors.add(place, 'compression.encodings: the list is empty', 'name one of them, or write "compression": false');
  return compression;
}
