import type { FeedOwner } from '@sallyport/bus';
import type { tickets } from '@sallyport/contracts';
import type { KeyRing } from '@sallyport/pki';
import { RING_EPOCH } from '@sallyport/session';
import type { SessionsConfig } from './config.ts';
import { rotated as counted } from './metrics.ts';
import type { SessionsPorts } from './ports.ts';

/** How long one instance has a ring to itself, milliseconds. */
const LEASE_MS = 30_000;

interface Schedule {
  readonly ring: KeyRing & { readonly purpose: 'sessions' | 'tickets' };
  /** Age at which the active key is replaced; 0: never. */
  readonly rotateMs: number;
  /** How long a replaced key still opens. */
  readonly keepMs: number;
}

/**
 * Looks at the rings: reads them again, replaces keys that are due, destroys those that nothing alive was sealed with, and
 * tells readers of ticket keys. Of several instances one does it, which holds the lease; whoever comes second sees that it is done.
 */
export function keyKeeper(
  ports: SessionsPorts,
  config: SessionsConfig,
  owner: Pick<FeedOwner<typeof tickets>, 'announce'>,
) {
  const { rings, sealer, reader, logger } = ports;
  const schedules: readonly Schedule[] = [
    {
      ring: rings.tickets as Schedule['ring'],
      rotateMs: config.tickets.rotate,
      keepMs: 2 * config.tickets.rotate,
    },
    {
      ring: rings.sessions as Schedule['ring'],
      rotateMs: config.keys.rotate,
      // Tags of sessions are made with it, over all their renewals.
      keepMs: config.limits.absolute,
    },
  ];
  let looking: Promise<void> | undefined;

  const look = async (signal: AbortSignal) => {
    for (const schedule of schedules) {
      try {
        await schedule.ring.reload(signal);
        if (isDue(schedule, ports.clock.now())) await turn(ports, schedule, owner, signal);
      } catch (error) {
        if (signal.aborted) return;
        logger.warn('keys could not be looked after', { ring: schedule.ring.purpose, error });
      }
    }
    try {
      await Promise.all([sealer.reload(signal), reader.reload(signal)]);
    } catch (error) {
      if (!signal.aborted) logger.warn('message keys could not be read again', { error });
    }
  };
  return {
    /** One look; calls that come while one is on its way share it. Never rejects. */
    look(signal: AbortSignal): Promise<void> {
      looking ??= look(signal).finally(() => {
        looking = undefined;
      });
      return looking;
    },
  };
}

function isDue(schedule: Schedule, now: number): boolean {
  return isOld(schedule, now) || hasGone(schedule, now);
}

function isOld({ ring, rotateMs }: Schedule, now: number): boolean {
  const active = ring.keys.find(({ kid }) => kid === ring.active);
  return rotateMs > 0 && active !== undefined && now - active.created >= rotateMs;
}

/** Whether a fallback key was replaced longer ago than it is kept. */
function hasGone({ ring, keepMs }: Schedule, now: number): boolean {
  return ring.keys.some((key, at) => {
    const successor = ring.keys[at + 1];
    return key.state === 'fallback' && successor !== undefined && successor.created < now - keepMs;
  });
}

async function turn(
  { space, keys, clock, logger }: SessionsPorts,
  schedule: Schedule,
  owner: Pick<FeedOwner<typeof tickets>, 'announce'>,
  signal: AbortSignal,
): Promise<void> {
  const { ring, keepMs } = schedule;
  await using lease = await space.lease(['keys', 'rotation', ring.purpose], LEASE_MS, signal);
  if (lease === undefined) return;
  await ring.reload(signal);
  const before = ring.revision;
  if (isOld(schedule, clock.now())) {
    await keys.rotate(ring.purpose, signal);
    counted.add(1, { ring: ring.purpose });
    logger.info('a new key', { ring: ring.purpose });
  }
  if (hasGone(schedule, clock.now())) {
    await keys.retire(ring.purpose, { olderThanMs: keepMs }, signal);
  }
  await ring.reload(signal);
  if (ring.purpose !== 'tickets') return;
  for (let revision = before + 1; revision <= ring.revision; revision += 1) {
    owner.announce({ epoch: RING_EPOCH, version: revision }, { revision });
  }
}
