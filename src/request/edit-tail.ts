import { keptBytes } from '../base/kept-bytes.ts';
import { parseTail, tailOf } from '../fill/head.ts';
import type { StoredView } from '../fill/stored.ts';
import type { HeaderEdits } from '../http/header-edits.ts';

/** Lines of a head from Via's value on, with the configuration's changes made; latin1. */
export function editTail(tail: Uint8Array | string, edits: HeaderEdits): Buffer {
  return Buffer.from(tailOf(edits.apply(parseTail(tail))), 'latin1');
}

/** Whether a field says what the content is, and how long caches may keep it. */
const OF_CONTENT = /^(?:content-type|(?:.+-)?cache-control|surrogate-control|expires|pragma)$/;

/**
 * As `editTail`, of an answer that tells what is wrong with one request: what rules say of the content does not hold for
 * it, or caches behind lb would keep for everybody what one client was told.
 */
export function editRefusal(tail: string, edits: HeaderEdits): Buffer {
  const own = parseTail(tail);
  const changed = edits.apply(own);
  const lines = changed.filter((_, i) => !OF_CONTENT.test(changed[i & ~1]));
  return Buffer.from(tailOf([...lines, ...own.filter((_, i) => OF_CONTENT.test(own[i & ~1]))]), 'latin1');
}

/**
 * A stored response as clients get it under these changes. Made once where many requests share the changes, and kept
 * beside the view; so what is stored stays as it is, and other changes hold for it as soon as they are configured.
 *
 * @param ownLines further lines, for this client alone
 */
export function dress(view: StoredView, edits: HeaderEdits, ownLines: string): StoredView {
  if (view.dressed?.edits === edits && ownLines === '') return view.dressed.view;
  const lines = ownLines === '' ? view.tail : Buffer.concat([view.tail, Buffer.from(ownLines, 'latin1')]);
  const head = keptBytes(view.head.subarray(0, view.meta.tail), editTail(lines, edits));
  const tail = head.subarray(view.meta.tail);
  const dressed = { ...view, head, aged: head, age: -1, tail, notModified: undefined, dressed: undefined };
  if (edits.isShared && ownLines === '') view.dressed = { edits, view: dressed };
  return dressed;
}
