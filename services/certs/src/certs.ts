import { ownFeed, type Relay, relayOutbox, type Subscription } from '@sallyport/bus';
import { certificates, certsList, certsObtain } from '@sallyport/contracts';
import { type CertificateAuthority, certificateFeed } from '@sallyport/pki';
import type { Service } from '@sallyport/runtime';
import { storeChallenges } from './challenges/store-challenges.ts';
import { createChangeLog } from './changes/change-log.ts';
import type { CertsConfig } from './config.ts';
import { CertsArgumentError } from './errors.ts';
import { openAuthority } from './issuer/authority.ts';
import { openIssuers } from './issuer/issuers.ts';
import { listCertificates } from './list.ts';
import { countAsked, countFault } from './metrics.ts';
import { createObtaining, type Obtaining } from './obtain/obtain.ts';
import { createPermission, type Permission, type PermissionOptions } from './obtain/permission.ts';
import { followRouteNames } from './obtain/route-names.ts';
import type { CertsPorts } from './ports.ts';
import { startUpkeep, type Upkeep } from './renewal/upkeep.ts';
import { settingMistake } from './setting-mistake.ts';

export interface Certs extends Service {
  /** Certificate of the internal CA, PEM: what clients have to trust. Undefined before the start, and when no issuer is internal. */
  readonly authority: string | undefined;
}

/**
 * The service that obtains certificates: answers `certs.obtain` and `certs.list`, owns the feed `certificates`, relays the events
 * that left with its commits, renews. Starting rejects with `StoreUnavailableError` while the store is away and `ConfigError`
 * for settings that can't be right.
 */
export function createCerts(ports: CertsPorts, config: CertsConfig): Certs {
  const { spaces, rings, bus, clock, ids, logger, health } = ports;
  const space = spaces.certs;
  const stack = new AsyncDisposableStack();
  const answering: Subscription[] = [];
  let authority: CertificateAuthority | undefined;
  let obtaining: Obtaining | undefined;
  let upkeep: Upkeep | undefined;
  let relay: Relay | undefined;

  const fault = (part: string) => (what: { readonly name?: string; readonly error: unknown }) => {
    countFault(part);
    logger.warn(`certificates: ${part} failed`, { ...what });
  };

  return {
    name: 'certs',
    get authority() {
      return authority?.certificate;
    },
    async start(signal) {
      if (config.issuers.some(({ kind }) => kind === 'internal')) {
        const { common_name: commonName, validity: validityMs } = config.authority;
        authority = await openAuthority(
          { space: spaces.ca, ring: rings.internalCa, clock },
          { commonName, validityMs },
          signal,
        );
      }
      const issuers = await openIssuers(ports, config, () => {
        if (authority !== undefined) return authority;
        throw new CertsArgumentError('an internal issuer must have an authority');
      });
      for (const issuer of issuers) {
        if (Symbol.dispose in issuer) stack.use(issuer as Disposable);
      }

      const onError = (part: string) => (error: unknown) => fault(part)({ error });
      relay = stack.use(
        relayOutbox({
          ...{ outbox: space.outbox, outgoing: bus.outgoing, clock, onError: onError('relay') },
        }),
      );
      const owner = stack.use(
        ownFeed({
          ...{ feed: certificates, feeds: bus.feeds, clock, onError: onError('feed') },
          source: certificateFeed(space),
        }),
      );
      const log = createChangeLog({
        ...{ space, ids },
        announce(head, change) {
          try {
            owner.announce(head, change);
          } catch (error) {
            // The next heartbeat has its version; edges read what it was.
            fault('feed')({ name: change.name, error });
          }
        },
      });

      const { names, patterns } = config.allow;
      const routes = config.allow.routes
        ? stack.use(
            await followRouteNames({ space: spaces.gateway, feeds: bus.feeds, clock, logger }),
          )
        : undefined;
      if (routes !== undefined) {
        stack.use(health.addReadiness('routes', () => routes.known || 'not read yet'));
      }
      const permission = permissionOf({
        ...{ names, patterns },
        ...(routes === undefined ? {} : { routes }),
      });

      const issuing = {
        ...{ space, log, leafKeys: rings.leafKeys, outgoing: bus.outgoing, clock, ids, permission },
        onFault: fault('issuance'),
      };
      const options = {
        issuers,
        challenges: storeChallenges({
          ...{ space, log, leafKeys: rings.leafKeys, onFault: fault('challenge') },
        }),
        issuerTimeoutMs: config.obtain.issuer_timeout,
        leaseMs: config.obtain.lease,
        perHour: config.obtain.per_hour,
        renewAfter: config.renewal.after,
      };
      const { parallel, waiting: most, wait } = config.obtain;
      const desk = stack.use(createObtaining(issuing, { ...options, parallel, most }));
      obtaining = desk;
      const { every: everyMs, batch, parallel: together } = config.renewal;
      upkeep = stack.use(
        startUpkeep(
          { ...issuing, onFault: fault('renewal') },
          { ...options, everyMs, batch, parallel: together },
        ),
      );

      answering.push(
        stack.use(
          await bus.rpc.respond(
            certsObtain,
            { concurrency: most, waiting: 0 },
            async (asked, context) => {
              const began = clock.monotonic();
              const hello = asked.client === undefined ? {} : { client: asked.client };
              const waitMs = Math.min(asked.waitMs ?? wait, MOST_WAIT_MS);
              const how = { waitMs, signal: context.signal };
              const outcome = await desk.obtain(asked.name, hello, how);
              countAsked(outcome, clock.monotonic() - began);
              return outcome;
            },
          ),
        ),
        stack.use(
          await bus.rpc.respond(certsList, { concurrency: 4 }, (query, context) =>
            listCertificates({ space, clock }, query, context.signal),
          ),
        ),
      );
    },
    async drain(signal) {
      await Promise.all([
        ...answering.map((subscription) => subscription.drain(signal)),
        upkeep?.drain(signal),
      ]);
      // What goes on behind handshakes that were told `pending`.
      await obtaining?.drain(signal);
      const soon = AbortSignal.any([signal, AbortSignal.timeout(FLUSH_MS)]);
      await relay?.drained(soon).catch(() => {}); // the store keeps them: another relay delivers
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** Events that are left need the bus, which may be away. */
const FLUSH_MS = 2000;
/** Nobody's handshake lasts longer. */
const MOST_WAIT_MS = 60_000;

function permissionOf(options: PermissionOptions): Permission {
  try {
    return createPermission(options);
  } catch (error) {
    if (!(error instanceof CertsArgumentError)) throw error;
    throw settingMistake('certs.allow', error.message, 'names and patterns of names', error);
  }
}
