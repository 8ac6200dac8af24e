/** Second labels under which registries of countries register names: `co.uk`, `com.br`. */
const SECOND = new Set([
  ...['ac', 'asn', 'co', 'com', 'edu', 'gob', 'gouv', 'gov', 'id', 'info', 'ltd', 'mil', 'ne'],
  ...['net', 'nom', 'or', 'org', 'plc', 'sch'],
]);

/**
 * The name that somebody registered, by rule of thumb: two labels, or three under a country's usual second label. The Public
 * Suffix List would know better. Too short a name makes strangers share a budget, too long a one gives a registrant more
 * than one; neither issues anything that isn't permitted.
 */
export function registeredName(name: string): string {
  const labels = name.split('.');
  const [second = '', top = ''] = labels.slice(-2);
  return labels.slice(top.length === 2 && SECOND.has(second) ? -3 : -2).join('.');
}
