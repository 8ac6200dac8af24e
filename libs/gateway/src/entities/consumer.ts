import Type, { type Static } from 'typebox';
import { nullable, Tags, Timestamp, Uuid } from '../fields.ts';
import { defineEntity } from './entity.ts';

const Text = Type.String({
  minLength: 1,
  maxLength: 512,
  pattern: '^[^\\u0000-\\u001f\\u007f]+$',
  fault: 'expected 1 to 512 printable characters',
});

/** Who uses the services: a person or a program, known by a name of ours, of the operator's system, or both. */
const ConsumerSchema = Type.Object({
  id: Uuid,
  created_at: Timestamp,
  updated_at: Timestamp,
  username: nullable(Text),
  custom_id: nullable(Text),
  tags: Tags,
});

export type Consumer = Static<typeof ConsumerSchema>;

export const consumers = defineEntity({
  type: 'consumers',
  schema: ConsumerSchema,
  endpointKey: 'username',
  unique: [['username'], ['custom_id']],
  check: ({ username, custom_id }): Record<string, string> =>
    username === null && custom_id === null
      ? { '@entity': "at least one of these fields must be non-empty: 'custom_id', 'username'" }
      : {},
});
