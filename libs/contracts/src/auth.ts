import Type from 'typebox';
import { defineEvent, defineFeed, defineRpc } from './define.ts';
import { DurationMs, Id, Open, Time, Word } from './fields.ts';
import { Attributes, login, Verdict } from './login.ts';
import { Personal } from './privacy.ts';
import { Sealed } from './sealed.ts';

const Account = () =>
  Personal('account', {
    maxLength: 1024,
    description: 'The account that the login name stands for.',
  });

export const authDecided = defineEvent({
  type: 'auth.decided',
  version: 1,
  summary: 'The pipeline answered whether a login may proceed.',
  data: Open({
    decision: Id('The decision; `sallyport auth explain` takes it.'),
    ...login,
    verdict: Verdict(),
    reason: Word('What decided, such as password, brute-force, unknown-user, filter.'),
    account: Type.Optional(Account()),
    stages: Type.Array(
      Open({
        stage: Word('Kind of stage, such as brute-force, feature, backend, filter.'),
        name: Type.String({ maxLength: 256, description: 'Name of the stage as configured.' }),
        outcome: Word('What it said, such as pass, trigger, found, reject, error.'),
        durationMs: DurationMs('How long it took.'),
      }),
      { description: 'Every stage that ran, in order.' },
    ),
    durationMs: DurationMs('From the question to the verdict.'),
  }),
});

export const authDecide = defineRpc({
  type: 'auth.decide',
  version: 1,
  summary: 'May this login proceed?',
  data: Open({
    ...login,
    password: Type.Optional(Sealed('auth')),
    attempt: Type.Optional(
      Type.Integer({ minimum: 0, description: 'Which attempt on its connection, from 1.' }),
    ),
  }),
  reply: Open({
    decision: Id('The decision; the event about it carries the same.'),
    verdict: Verdict(),
    reason: Word('What decided.'),
    account: Type.Optional(Account()),
    attributes: Type.Optional(Attributes()),
    retryAfterMs: Type.Optional(Type.Integer({ minimum: 0 })),
  }),
});

export const bans = defineFeed({
  type: 'bans',
  version: 1,
  summary: 'Networks that may not log in for a while.',
  data: Open({
    network: Type.String({ maxLength: 64, description: 'CIDR, such as 192.0.2.0/24.' }),
    rule: Type.String({ maxLength: 256, description: 'The rule that banned it.' }),
    until: Type.Optional(Time('When it ends; absent when the ban was lifted.')),
  }),
});
