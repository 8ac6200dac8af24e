import Type from 'typebox';
import { defineJob } from './define.ts';
import { Id, Open, Word } from './fields.ts';
import { login, Verdict } from './login.ts';
import { Personal } from './privacy.ts';
import { Sealed } from './sealed.ts';

export const actionsRun = defineJob({
  type: 'actions.run',
  version: 1,
  summary: 'Run one action because of one decision.',
  data: Open({
    action: Type.String({
      minLength: 1,
      maxLength: 256,
      description: 'The action, as configured.',
    }),
    trigger: Word('What calls for it, such as brute-force, rbl, post.'),
    decision: Id('The decision that calls for it.'),
    verdict: Verdict(),
    reason: Word('What decided.'),
    account: Type.Optional(Personal('account', { maxLength: 1024 })),
    request: Open({ ...login, password: Type.Optional(Sealed('actions')) }),
  }),
});
