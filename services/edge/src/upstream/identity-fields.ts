import type { Identity } from '../exchange/exchange.ts';

/** Who a request is from, as Kong tells upstreams; flat. `x-sallyport-subject` names also those who are no consumers. */
export function identityFields(identity: Identity): string[] {
  const { consumer, subject, credential, groups, anonymous } = identity;
  const fields: string[] = [];
  const add = (name: string, value: string | null | undefined) => {
    if (value !== null && value !== undefined && value !== '') fields.push(name, fieldValue(value));
  };
  add('x-consumer-id', consumer?.id);
  add('x-consumer-username', consumer?.username);
  add('x-consumer-custom-id', consumer?.custom_id);
  add('x-credential-identifier', credential);
  if (groups.length > 0) {
    // A comma in a name would make two groups of one.
    const names = groups.map((group) => group.replaceAll('%', '%25').replaceAll(',', '%2C'));
    add('x-authenticated-groups', names.join(', '));
  }
  if (anonymous) add('x-anonymous-consumer', 'true');
  else add('x-sallyport-subject', subject);
  return fields;
}

/**
 * Any text as the value of a field: UTF-8, one character per byte as node:http wants it, control characters percent-encoded. A
 * line break in a name must not begin another field.
 */
export function fieldValue(text: string): string {
  const bytes = Buffer.from(text.trim()).toString('latin1');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return bytes.replace(/[\u0000-\u001f\u007f]/g, (character) => {
    return `%${character.charCodeAt(0).toString(16).padStart(2, '0').toUpperCase()}`;
  });
}
