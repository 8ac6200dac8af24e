import type { Passwords } from '@sallyport/passwords';
import { ConfigError } from '@sallyport/runtime';
import type { Bans } from './bans/bans.ts';
import type { AuthConfig } from './config.ts';
import { UsersFileError } from './errors.ts';
import { type Network, parseNetwork } from './network.ts';
import { openFileBackend } from './pipeline/backends/file.ts';
import { createBruteForce } from './pipeline/brute-force/brute-force.ts';
import type { Feature } from './pipeline/features/feature.ts';
import { tlsEncryption } from './pipeline/features/tls-encryption.ts';
import type { Stages } from './pipeline/pipeline.ts';
import type { AuthPorts } from './ports.ts';

/** What the configuration says of networks, read. */
export interface ConfiguredNetworks {
  readonly exempt: readonly Network[];
  readonly cleartext: readonly Network[];
}

/** `ConfigError` with everything that the schema can't say. */
export function checkConfig(config: AuthConfig): ConfiguredNetworks {
  const mistakes: { path: string; found: string; expected: string }[] = [];
  const networks = (path: string, texts: readonly string[]) =>
    texts.flatMap((text, i) => {
      const network = parseNetwork(text);
      if (network !== undefined) return [network];
      const expected = 'a network such as 192.0.2.0/24 or 2001:db8::/32';
      mistakes.push({ path: `${path}.${i}`, found: JSON.stringify(text), expected });
      return [];
    });
  const unique = (path: string, names: readonly string[]) => {
    for (const [i, name] of names.entries()) {
      if (names.indexOf(name) === i) continue;
      const expected = 'a name that no other has';
      mistakes.push({ path: `${path}.${i}`, found: JSON.stringify(name), expected });
    }
  };
  const { brute_force: bruteForce, features, backends, post_actions: post } = config;
  for (const [i, { ipv4, ipv6 }] of bruteForce.rules.entries()) {
    if (ipv4 !== undefined || ipv6 !== undefined) continue;
    const expected = 'bits of a network in ipv4, ipv6 or both';
    mistakes.push({ path: `auth.brute_force.rules.${i}`, found: 'neither', expected });
  }
  const rules = bruteForce.rules.map(({ name }) => name);
  unique('auth.brute_force.rules', rules);
  unique('auth.brute_force.actions', bruteForce.actions);
  unique('auth.post_actions', post);
  const backendNames = backends.map(({ name }) => name);
  unique('auth.backends', backendNames);
  const read = {
    exempt: networks('auth.brute_force.exempt', bruteForce.exempt),
    cleartext: networks(
      'auth.features.tls_encryption.cleartext_networks',
      features.tls_encryption.cleartext_networks,
    ),
  };
  if (mistakes.length > 0) {
    const lines = mistakes.map((m) => `${m.path}: found ${m.found}, expected ${m.expected}`);
    throw new ConfigError(lines.join('\n'), mistakes);
  }
  return read;
}

/** The stages of the configuration, and behind them those that the ports bring. `stack` owns what they acquire. */
export async function openStages(
  ports: AuthPorts,
  config: AuthConfig,
  { exempt, cleartext }: ConfiguredNetworks,
  parts: {
    readonly bans: Bans;
    readonly passwords: Passwords;
    readonly stack: AsyncDisposableStack;
  },
): Promise<Stages> {
  const { space, clock, logger, stages: more = {} } = ports;
  const { bans, passwords, stack } = parts;
  const { rules, on_failure: onFailure } = config.brute_force;
  const encryption = config.features.tls_encryption;
  const features: Feature[] = encryption.enabled
    ? [tlsEncryption(cleartext, encryption.on_failure)]
    : [];
  const backends = [];
  for (const [i, backend] of config.backends.entries()) {
    try {
      backends.push(stack.use(await openFileBackend(backend, { passwords, clock, logger })));
    } catch (cause) {
      if (!(cause instanceof UsersFileError)) throw cause;
      const path = `auth.backends.${i}.path`;
      const expected = 'a users file without mistakes';
      throw new ConfigError(
        `${path}: ${cause.message}`,
        [{ path, found: backend.path, expected }],
        {
          cause,
        },
      );
    }
  }
  return {
    bruteForce: createBruteForce({ space, bans, rules, exempt, onFailure, clock, logger }),
    features: [...features, ...(more.features ?? [])],
    backends: [...backends, ...(more.backends ?? [])],
    filters: more.filters ?? [],
  };
}
