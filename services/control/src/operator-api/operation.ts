import type { AdminRouter } from '@sallyport/admin';
import Type, { type Static, type TObject, type TSchema } from 'typebox';
import { answerProblem, Problem } from './problem.ts';

/** What is asked of the system, and how the answer is found. */
interface Operation<P extends TObject, Q extends TObject, B extends TObject> {
  /** One line, for the documentation. */
  readonly summary: string;
  readonly tag: string;
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  /** What a success looks like. */
  readonly answers: TSchema;
  handle(asked: Asked<P, Q, B>): Promise<object> | object;
}

interface Asked<P extends TObject, Q extends TObject, B extends TObject> {
  readonly params: Static<P>;
  readonly query: Static<Q>;
  readonly body: Static<B>;
  /** Aborts when control has no more time. */
  readonly signal: AbortSignal;
}

export type Mount = <
  P extends TObject = TObject,
  Q extends TObject = TObject,
  B extends TObject = TObject,
>(
  method: 'GET' | 'POST' | 'DELETE',
  url: string,
  operation: Operation<P, Q, B>,
) => void;

export const ProblemDocument = Type.Object({
  title: Type.String(),
  status: Type.Integer(),
  detail: Type.String(),
  code: Type.Optional(Type.String({ description: 'Stable: SP_ERR_….' })),
});

/** Mounts operations on `router`; a {@link Problem} that they return is answered as one. */
export function mountOn(router: AdminRouter, signal: AbortSignal): Mount {
  return (method, url, { summary, tag, params, query, body, answers, handle }) => {
    router.route({
      ...{ method, url },
      schema: {
        ...{ summary, tags: [tag], response: { 200: answers, default: ProblemDocument } },
        ...(params === undefined ? {} : { params }),
        ...(query === undefined ? {} : { querystring: query }),
        ...(body === undefined ? {} : { body }),
      } as object,
      handler: async (request, reply) => {
        const { params: given, query: asked, body: sent } = request;
        const outcome = await handle({
          ...{ params: given as never, query: asked as never, body: sent as never, signal },
        });
        if (!(outcome instanceof Problem)) return reply.send(outcome);
        return answerProblem(reply, outcome) as never;
      },
    });
  };
}
