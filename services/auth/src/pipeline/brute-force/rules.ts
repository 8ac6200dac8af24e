import type { BruteForceRule } from '../../config.ts';
import { type Address, networkOf, networkText } from '../../network.ts';

/** One bucket that a login falls into: a rule, and the network of the client by that rule. */
export interface Bucket {
  readonly rule: BruteForceRule;
  /** CIDR, canonical. */
  readonly network: string;
}

/** The buckets of an address, in the order of the rules; a rule that isn't for its family has none. */
export function bucketsOf(rules: readonly BruteForceRule[], address: Address): Bucket[] {
  return rules.flatMap((rule) => {
    const bits = address.family === 4 ? rule.ipv4 : rule.ipv6;
    return bits === undefined ? [] : [{ rule, network: networkText(networkOf(address, bits)) }];
  });
}
