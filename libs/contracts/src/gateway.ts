import Type from 'typebox';
import { defineEvent, defineFeed } from './define.ts';
import { Id, Open } from './fields.ts';

const entity = Type.String({
  pattern: '^[a-z]+(_[a-z]+)*$',
  maxLength: 64,
  description: 'Kind of entity, such as services, routes, key_auths.',
});
const id = Id('The entity.');

export const entityChanged = defineEvent({
  type: 'gateway.entity-changed',
  version: 1,
  summary: 'Somebody changed the configuration of the gateway.',
  data: Open({
    entity,
    id,
    change: Type.Union([Type.Literal('created'), Type.Literal('updated'), Type.Literal('deleted')]),
    version: Type.Integer({ minimum: 1, description: 'Version of the snapshot that has it.' }),
  }),
});

export const gateway = defineFeed({
  type: 'gateway',
  version: 1,
  summary: 'Changes to the gateway’s entities, those of one transaction together.',
  data: Open({
    changes: Type.Array(
      Open({
        entity,
        id,
        value: Type.Optional(
          Type.Record(Type.String({ pattern: '^[\\s\\S]*$' }), Type.Unknown(), {
            description: 'The entity, secrets as digests or sealed; absent when deleted.',
          }),
        ),
      }),
      { minItems: 1 },
    ),
  }),
});
