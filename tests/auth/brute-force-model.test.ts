import test from 'ava';
import fc from 'fast-check';
import { runs } from '../world/deep.ts';
import { embeddedWorld, RIGHT, startAuth } from './auth-world.ts';

const PERIOD = 60_000;
const BAN = 90_000;
const LIMIT = 3;

/** One network by the rules, without a store: two fixed windows and a ban. */
class Model {
  #slot = 0;
  #current = 0;
  #previous = 0;
  #bannedUntil = 0;

  login(right: boolean, now: number): string {
    if (this.#bannedUntil > now) return 'brute-force';
    if (this.#load(now) >= LIMIT) {
      this.#bannedUntil = now + BAN;
      return 'brute-force';
    }
    if (right) return 'accepted';
    this.#current += 1;
    if (this.#load(now) >= LIMIT) this.#bannedUntil = now + BAN;
    return 'password';
  }

  #load(now: number): number {
    const slot = Math.floor(now / PERIOD);
    if (slot !== this.#slot) {
      this.#previous = slot === this.#slot + 1 ? this.#current : 0;
      this.#current = 0;
      this.#slot = slot;
    }
    const left = PERIOD - (now - slot * PERIOD);
    return this.#current + (this.#previous * left) / PERIOD;
  }
}

const step = fc.record({
  network: fc.constantFrom('192.0.2', '198.51.100'),
  host: fc.nat(255),
  right: fc.boolean(),
  afterMs: fc.oneof(fc.constant(0), fc.nat(20_000), fc.nat(200_000)),
});

test('Any history of right and wrong logins from several networks goes as windows and bans say.', async (t) => {
  await using world = await embeddedWorld();
  world.clock.freeze();
  let round = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 30 }), async (steps) => {
      round += 1;
      // A rule of its own name has windows of its own; bans of the round before have to end.
      world.clock.advance(BAN + 1);
      const rules = [
        { name: `r${round}`, ipv4: 24, period: '1m', limit: LIMIT, ban_time: `${BAN / 1000}s` },
      ];
      await using auth = await startAuth(world, { config: { brute_force: { rules } } });
      const models = new Map<string, Model>();
      for (const { network, host, right, afterMs } of steps) {
        world.clock.advance(afterMs);
        const model = models.get(network) ?? new Model();
        models.set(network, model);
        const expected = model.login(right, world.clock.now());
        const password = right ? RIGHT.alice : 'wrong';
        const hashed = auth.hashed.length;
        const { status, headers } = await auth.login('alice', password, `${network}.${host}`);
        t.is(status, expected === 'accepted' ? 200 : 403);
        t.is(auth.hashed.length - hashed, expected === 'brute-force' ? 0 : 1);
        const { reason } = await auth.event(headers.get('x-nauthilus-session'));
        t.is(reason, expected === 'accepted' ? 'password' : expected);
      }
    }),
    runs(15),
  );
});
