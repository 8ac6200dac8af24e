import type { SessionKeys } from './ports.ts';

/** What the secrets of a key are for. The names are part of the formats. */
export type SecretUse = 'cookie' | 'subject' | 'successor';

/** Secrets by view of the keys: deriving one costs more than opening a cookie. */
const made = new WeakMap<SessionKeys, Map<string, Buffer>>();

/** The 32-byte secret of key `kid` for `use`; undefined when the key is unknown or retired. */
export function secretOf(keys: SessionKeys, kid: number, use: SecretUse): Buffer | undefined {
  const secrets = made.get(keys) ?? new Map<string, Buffer>();
  made.set(keys, secrets);
  const id = `${kid}/${use}`;
  const live = keys.keys.some((key) => key.kid === kid && key.state !== 'retired');
  if (!live) {
    secrets.delete(id);
    return undefined;
  }
  const known = secrets.get(id);
  if (known !== undefined) return known;
  const secret = Buffer.from(keys.derive(kid, `session/v1/${use}`, 32));
  secrets.set(id, secret);
  return secret;
}

/** The ids of the keys that open, newest first. */
export function liveKids({ keys }: SessionKeys): number[] {
  return keys
    .filter(({ state }) => state !== 'retired')
    .map(({ kid }) => kid)
    .sort((a, b) => b - a);
}
