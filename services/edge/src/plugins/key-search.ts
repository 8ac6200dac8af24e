import type { Exchange } from '../exchange/exchange.ts';

/** Where a key may be, as the plugin is told. */
export interface KeyPlaces {
  readonly names: readonly string[];
  readonly header: boolean;
  readonly query: boolean;
  readonly body: boolean;
}

/** What a request shows. `missing`: nothing, or an empty one. `duplicate`: several in one place, of which none counts. */
export type KeyFinding = { readonly key: string } | 'missing' | 'duplicate';

/** A form of more bytes isn't looked into. */
const FORM_BYTES = 16_384;

/**
 * The first key, in the order of names, and for each in header, query, body. Whatever bytes a client sends, this gives a finding: header
 * fields are taken for UTF-8, as everything else is, and what isn't can't be a key.
 */
export async function findKey(exchange: Exchange, places: KeyPlaces): Promise<KeyFinding> {
  const query = places.query ? new URLSearchParams(exchange.request.query) : undefined;
  const form = places.body ? await exchange.form(FORM_BYTES) : undefined;
  for (const name of places.names) {
    const header = places.header ? exchange.request.headers(name.toLowerCase()).map(utf8) : [];
    const shown = [header, query?.getAll(name) ?? [], form?.getAll(name) ?? []];
    const values = shown.find(({ length }) => length > 0);
    if (values === undefined) continue;
    const [key, ...more] = values;
    if (more.length > 0) return 'duplicate';
    return key === undefined || key === '' ? 'missing' : { key };
  }
  return 'missing';
}

/** Takes keys out of everything that the upstream gets, whether they were good or not. */
export function hideKeys({ upstream }: Exchange, places: KeyPlaces): void {
  for (const name of places.names) {
    if (places.header) upstream.removeHeader(name.toLowerCase());
    if (places.query) upstream.removeQuery(name);
    if (places.body) upstream.removeFormField(name);
  }
}

/** Header fields come with one character for each byte (RFC 9110 section 5.5). */
function utf8(field: string): string {
  return Buffer.from(field, 'latin1').toString('utf8');
}
