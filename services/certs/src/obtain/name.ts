import { isIP } from 'node:net';
import { domainToASCII, domainToUnicode } from 'node:url';

/** RFC 1035 section 2.3.4. */
const MAX_NAME = 253;
const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
/** Who asks for `git.git.git…` enumerates, or has a resolver that loops. */
const MAX_LABELS = 10;

/** A name as certificates have it, or what is wrong with it: for people. */
export type CheckedName = { readonly name: string } | { readonly flaw: string };

/**
 * The server name of a ClientHello (RFC 6066 section 3), if a certificate may be obtained for it while a handshake waits:
 * a host name in A-labels, no address, no wildcard. Upper case is taken for lower case.
 */
export function checkName(asked: string): CheckedName {
  const name = asked.toLowerCase();
  if (name === '' || name.length > MAX_NAME) {
    return { flaw: `a name must have 1 to ${MAX_NAME} characters, not ${name.length}` };
  }
  const labels = name.split('.');
  const bad = labels.find((label) => !LABEL.test(label));
  if (bad !== undefined) {
    return {
      flaw: `label '${bad.slice(0, 64)}' must be 1 to 63 letters, digits and inner hyphens`,
    };
  }
  if (labels.length > MAX_LABELS) {
    return { flaw: `a name must have at most ${MAX_LABELS} labels, not ${labels.length}` };
  }
  // Everything that some resolver reads as an address (`127.1`, `0x7f.1`) ends in a label that begins with a digit.
  if (isIP(name) !== 0 || !/^[a-z]/.test(labels.at(-1) as string)) {
    return { flaw: `'${name}' must be a name, not an address` };
  }
  const reserved = labels.find((label) => label.slice(2, 4) === '--' && !isALabel(label));
  if (reserved !== undefined) {
    return { flaw: `label '${reserved}' must be an A-label if it has '--' there` };
  }
  return { name };
}

/** RFC 5890 section 2.3.2.1: as IDNA itself would write what it stands for. */
function isALabel(label: string): boolean {
  if (!label.startsWith('xn--')) return false;
  const unicode = domainToUnicode(label);
  return unicode !== '' && unicode !== label && domainToASCII(unicode) === label;
}
