import { type Envelope, isDropNotice } from '@sallyport/contracts';
import { plainText } from './text.ts';

const LONGEST = 80;
const DEEPEST = 4;

/** One event as one line for people: when, who, what, and the fields of its data. */
export function eventLine(event: Envelope): string {
  const { time, instance, seq } = event;
  const head = `${time.slice(11, 23)}  ${plainText(instance)}`;
  if (isDropNotice(event)) {
    const { of, from, to, reason } = event.data;
    const count = to - from + 1;
    return `${head}  dropped on purpose: ${count} of ${shortType(of)}, seq ${from} to ${to}, ${reason}\n`;
  }
  const fields = [...fieldsOf(event.data, '', 0)].join(' ');
  return `${head}  ${shortType(event.type)}  ${fields}  #${seq}\n`;
}

/** `sallyport.tls.handshake-completed.v1` → `tls.handshake-completed`. */
function shortType(type: string): string {
  return plainText(type.replace(/^sallyport\./, '').replace(/\.v1$/, ''));
}

function* fieldsOf(value: unknown, path: string, depth: number): Generator<string> {
  if (typeof value === 'object' && value !== null && depth < DEEPEST) {
    const simple = Array.isArray(value) && value.every((item) => typeof item !== 'object');
    if (simple) {
      yield `${path}=${value.map(shown).join(',')}`;
      return;
    }
    for (const [key, inner] of Object.entries(value)) {
      const name = plainText(key);
      yield* fieldsOf(inner, path === '' ? name : `${path}.${name}`, depth + 1);
    }
    return;
  }
  yield path === '' ? shown(value) : `${path}=${shown(value)}`;
}

/** Texts with spaces or quotes as JSON, the others as they are; long ones cut. */
function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const cut = text.length <= LONGEST ? text : `${text.slice(0, LONGEST)}…`;
  return plainText(typeof value === 'string' && /[\s"=]|^$/.test(cut) ? JSON.stringify(cut) : cut);
}
