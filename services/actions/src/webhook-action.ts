import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { Clock } from '@sallyport/runtime';
import type { Action, Outcome, Run } from './action.ts';
import type { WebhookConfig } from './config.ts';
import { ActionConfigError } from './errors.ts';
import type { ActionsPorts, Address, Resolve } from './ports.ts';
import { hostOf, type Posted, post } from './post.ts';
import { isPublicAddress } from './public-address.ts';
import { signature } from './signature.ts';

/** What we set ourselves, or what would change where a message ends. */
const OURS = new Set([
  ...['connection', 'content-length', 'content-type', 'expect', 'host', 'idempotency-key'],
  ...['keep-alive', 'proxy-connection', 'sallyport-signature', 'te', 'trailer'],
  ...['transfer-encoding', 'upgrade', 'user-agent'],
]);
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Refusals that pass: time-out, too early, too many requests (RFC 9110, 8470, 6585). All others say that the request is wrong. */
const PASSING = new Set([408, 425, 429]);

const systemResolve: Resolve = async (host) => await lookup(host, { all: true });

/** Posts JSON to a URL. Throws `ActionConfigError` for headers and URLs that can't be used. */
export function webhookAction(
  config: WebhookConfig,
  { clock, resolve = systemResolve }: Pick<ActionsPorts, 'clock' | 'resolve'>,
  mostRetryAfterMs: number,
): Action {
  const { name, url: text, secret, timeout } = config;
  if (!URL.canParse(text)) throw new ActionConfigError(`url of action '${name}' must be a URL`);
  const url = new URL(text);
  const own = headersOf(config);
  return async (run, signal) => {
    const body = bodyOf(run);
    const headers = {
      ...own,
      'content-type': 'application/json',
      'user-agent': 'sallyport-actions',
      'idempotency-key': run.id,
      ...(secret === undefined
        ? {}
        : { 'sallyport-signature': signature(secret.reveal(), body, clock.now()) }),
    };
    const late = AbortSignal.any([signal, AbortSignal.timeout(timeout)]);
    try {
      const addresses = await addressesOf(url, resolve, late);
      const allowed = addresses.filter(
        ({ address }) => config.allow_private || isPublicAddress(address),
      );
      if (allowed.length === 0) {
        const found = addresses.map(({ address }) => address).join(', ');
        return { outcome: 'dead', reason: `${url.host} must be a public address, is ${found}` };
      }
      const posted = await post({ url, headers, body, addresses: allowed, signal: late });
      return judge(url, posted, clock, mostRetryAfterMs);
    } catch (error) {
      if (late.aborted && !signal.aborted) {
        return { outcome: 'failed', reason: `${url.host} gave no answer in ${timeout} ms` };
      }
      return { outcome: 'failed', reason: `${url.host}: ${wordOf(error)}` };
    }
  };
}

function headersOf({ name, headers }: WebhookConfig): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([header, value]) => {
      const lower = header.toLowerCase();
      if (!TOKEN.test(header) || OURS.has(lower)) {
        throw new ActionConfigError(`header '${header}' of action '${name}' must be another's`);
      }
      if (!VALUE.test(value)) {
        throw new ActionConfigError(`value of header '${header}' of action '${name}' must be text`);
      }
      return [lower, value];
    }),
  );
}

function bodyOf({ id, time, data }: Run): Buffer {
  const { action, trigger, decision, verdict, reason, account, request } = data;
  return Buffer.from(
    JSON.stringify({
      ...{ id, time: new Date(time).toISOString(), action, trigger, decision, verdict, reason },
      ...(account === undefined ? {} : { account }),
      request,
    }),
  );
}

async function addressesOf(
  url: URL,
  resolve: Resolve,
  signal: AbortSignal,
): Promise<readonly Address[]> {
  const host = hostOf(url);
  const family = isIP(host);
  if (family !== 0) return [{ address: host, family }];
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  signal.throwIfAborted();
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([resolve(host), promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

function judge({ host }: URL, { status, retryAfter }: Posted, clock: Clock, most: number): Outcome {
  if (status >= 200 && status < 300) return { outcome: 'done' };
  const reason = `${host} answered ${status}`;
  if (status >= 400 && status < 500 && !PASSING.has(status)) return { outcome: 'dead', reason };
  const wait = retryAfterMs(retryAfter, clock.now());
  return {
    ...{ outcome: 'failed', reason },
    ...(wait === undefined ? {} : { afterMs: Math.min(wait, most) }),
  };
}

/** Seconds or a date (RFC 9110, section 10.2.3); undefined for anything else. */
function retryAfterMs(text: string | undefined, now: number): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

/** What went wrong, in the system's words: `ECONNREFUSED`. */
function wordOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code ?? message;
}
