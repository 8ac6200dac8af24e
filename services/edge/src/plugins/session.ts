import { createHash } from 'node:crypto';
import { keyExpired, sessionPlugin } from '@sallyport/gateway';
import { readCookie, type SessionRecord, withoutCookie } from '@sallyport/session';
import type { Answer, ConnectionFacts, Exchange, Identity } from '../exchange/exchange.ts';
import type { KnownSession, NextCookie } from '../sessions/known-session.ts';
import type { Recognition } from '../sessions/recognition.ts';
import { unavailable } from './message.ts';
import { LOGIN } from './pipeline-auth.ts';
import type { EdgePlugin } from './plugin.ts';
import type { EdgePluginPorts, PluginDirectory } from './ports.ts';
import { type SessionPluginSettings, sessionSettings } from './session-settings.ts';

/** What `access` leaves for `response`. */
interface Visit {
  /** Names of the cookies that came: those that aren't needed any more are cleared. */
  readonly present: readonly string[];
  /** Recognised, and the cookie that it goes on with, if there will be one. */
  readonly session?: KnownSession;
  readonly next?: Promise<NextCookie | undefined>;
  /** Logged out. */
  readonly ended?: true;
}

/** A form of more bytes has no log-out in it. */
const FORM_BYTES = 16_384;
/** Contract: `sessions.create`. */
const LONGEST_CREDENTIAL = 128;

/**
 * Who was recognised gets a cookie, and the cookie is enough from then on.
 *
 * Beyond Kong: a session counts only while its consumer and its credential are in the directory, the cookie isn't sent upstream, and what
 * can't be told is 503 instead of "nobody". That a directory doesn't have somebody ends no session: this edge may be the one that
 * hasn't heard of them yet.
 */
export function session(ports: EdgePluginPorts): EdgePlugin {
  const { sessions } = ports;
  return {
    schema: sessionPlugin,
    configure(entity) {
      const settings = sessionSettings(entity.config);
      const { policy, cookies } = settings;
      const visits = new WeakMap<Exchange, Visit>();

      async function logOut(
        exchange: Exchange,
        found: KnownSession,
        present: readonly string[],
      ): Promise<Answer> {
        if (!(await sessions.revoke(policy, found, 'logout'))) {
          return unavailable('The session can’t be ended right now', RETRY_MS);
        }
        visits.set(exchange, { present, ended: true });
        return { status: 200 };
      }

      function proceed(
        exchange: Exchange,
        recognition: Recognition,
        present: readonly string[],
      ): undefined | Answer | Promise<undefined | Answer> {
        if (recognition.outcome === 'none') {
          visits.set(exchange, { present });
          return undefined;
        }
        if (recognition.outcome === 'away') {
          return unavailable('Sessions can’t be looked up right now', recognition.retryAfterMs);
        }
        const { session: found, due } = recognition;
        if (!settings.logout.methods.has(exchange.request.method)) {
          return enter(exchange, found, due, present);
        }
        return wantsOut(exchange, settings).then((out) =>
          out ? logOut(exchange, found, present) : enter(exchange, found, due, present),
        );
      }

      function enter(
        exchange: Exchange,
        found: KnownSession,
        due: 'nothing' | 'touch' | 'renew',
        present: readonly string[],
      ): undefined {
        const identity = identityOf(found, ports.directory(), ports.clock.now());
        if (identity === undefined || !boundHere(found.record, exchange.connection)) {
          visits.set(exchange, { present });
          return;
        }
        exchange.identity = identity;
        // Under way while the upstream is asked; the response waits for it.
        const next = due === 'nothing' ? undefined : sessions.goOn(policy, found, due);
        visits.set(exchange, { present, session: found, ...(next === undefined ? {} : { next }) });
      }

      return {
        access(exchange) {
          const fields = exchange.request.headers('cookie');
          if (fields.length === 0) return undefined;
          const { values, present } = readCookie(fields, policy.cookie);
          if (present.length === 0) return undefined;
          if (settings.hideCookie) hideCookie(exchange, fields, policy.cookie);
          const recognition = sessions.recognise(policy, values);
          return recognition instanceof Promise
            ? recognition.then((found) => proceed(exchange, found, present))
            : proceed(exchange, recognition, present);
        },

        async response(exchange) {
          const visit = visits.get(exchange);
          const present = visit?.present ?? [];
          const give = (texts: readonly string[]) => {
            for (const text of texts) exchange.answer.addHeader('set-cookie', text);
          };
          if (visit?.ended === true) {
            give(cookies.clear(present));
            return;
          }
          const { identity } = exchange;
          const of = visit?.session;
          if (identity === undefined || identity.anonymous) return;
          if (of !== undefined && isOf(of.record, identity)) {
            const next = await visit?.next;
            if (next !== undefined) give(cookies.write(next.value, { present }));
            return;
          }
          const made = await sessions.create(policy, {
            subject: identity.subject,
            ...loginOf(identity),
            groups: [...identity.groups],
            client: { ...exchange.connection.client },
          });
          if (made === undefined) return;
          give(cookies.write(made.value, { present }));
          // The one before is somebody else's, or of another credential: it isn't left lying about.
          if (of !== undefined) await sessions.revoke(policy, of, 'replaced');
        },
      };
    },
  };
}

const RETRY_MS = 1000;

function hideCookie({ upstream }: Exchange, fields: readonly string[], name: string): void {
  const rest = withoutCookie(fields.join('; '), name);
  if (rest === undefined) upstream.removeHeader('cookie');
  else upstream.setHeader('cookie', rest);
}

/** Kong's way to log out: one of the methods, and an argument that is there, whatever its value. */
async function wantsOut(exchange: Exchange, { logout }: SessionPluginSettings): Promise<boolean> {
  const { queryArg, postArg } = logout;
  if (queryArg !== null && new URLSearchParams(exchange.request.query).has(queryArg)) return true;
  if (postArg === null) return false;
  return (await exchange.form(FORM_BYTES))?.has(postArg) === true;
}

/** Undefined when the consumer or the credential that it was made with isn't there (any more). */
function identityOf(
  { id, record }: KnownSession,
  directory: PluginDirectory,
  now: number,
): Identity | undefined {
  const consumer = record.consumer === undefined ? undefined : directory.consumer(record.consumer);
  if (record.consumer !== undefined && consumer === undefined) return undefined;
  const { credential } = record;
  if (credential !== undefined && !credential.startsWith(LOGIN)) {
    const entity = directory.keyAuthById(credential);
    if (entity === undefined || entity.consumer.id !== record.consumer || keyExpired(entity, now)) {
      return undefined;
    }
  }
  return {
    consumer,
    subject: record.subject,
    credential,
    groups: record.groups ?? [],
    anonymous: false,
    session: id,
  };
}

/** A session that is bound to a client certificate counts only where that was shown. */
function boundHere(
  { certificate }: SessionRecord,
  { clientCertificate }: ConnectionFacts,
): boolean {
  if (certificate === undefined) return true;
  if (clientCertificate?.verified !== true) return false;
  return Buffer.from(clientCertificate.fingerprint, 'hex').toString('base64url') === certificate;
}

function isOf(record: SessionRecord, identity: Identity): boolean {
  const { consumer, credential } = loginOf(identity);
  return (
    record.subject === identity.subject &&
    record.consumer === consumer &&
    record.credential === credential
  );
}

/** What a session remembers of a login. */
function loginOf({ consumer, credential }: Identity) {
  return {
    ...(consumer === undefined ? {} : { consumer: consumer.id }),
    ...(credential === undefined ? {} : { credential: short(credential) }),
  };
}

/** Accounts may be longer than the credentials that a session remembers. */
function short(credential: string): string {
  if (credential.length <= LONGEST_CREDENTIAL) return credential;
  return `${LOGIN}~${createHash('sha256').update(credential).digest('base64url')}`;
}
