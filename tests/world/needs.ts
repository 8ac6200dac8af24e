import test, { type TestFn } from 'ava';
import { installed } from '../../infra/cli/src/cluster/program.ts';

/** Program on PATH → the Debian package that has it. */
const PACKAGES = {
  'nats-server': 'nats-server',
  'redis-server': 'redis-server',
  'lua5.1': 'lua5.1',
  curl: 'curl',
  openssl: 'openssl',
  python3: 'python3',
  pebble: 'pebble',
} as const;

/**
 * `test`, for files that need real programs. Where one is missing: with CI=true the file fails; elsewhere its
 * tests are skipped, each with the reason and the line that installs it.
 */
export function testWith(...programs: (keyof typeof PACKAGES)[]): TestFn {
  const missing = programs.filter((program) => !installed(program));
  if (missing.length === 0) return test;
  const line = `apt-get install -y --no-install-recommends ${missing.map((m) => PACKAGES[m]).join(' ')}`;
  const reason = `${missing.join(', ')} not on PATH; as root: ${line}`;
  if (process.env['CI'] === 'true') throw new Error(reason);
  const skip = (title: string) => test.skip(`${title} [${reason}]`, () => {});
  return Object.assign(skip, test, {
    serial: Object.assign(skip, { skip }),
    before: () => {},
    after: Object.assign(() => {}, { always: () => {} }),
    beforeEach: () => {},
    afterEach: Object.assign(() => {}, { always: () => {} }),
  }) as unknown as TestFn;
}
