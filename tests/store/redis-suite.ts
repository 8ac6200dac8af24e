import { type Asserter, type Subject, storeConformance } from '@sallyport/store/conformance';
import type { TestFn } from 'ava';
import { windowProperties } from './window-model.ts';

type Body = (t: Asserter) => Promise<void>;

/** Cases that need the server for themselves: they stop it, or keep it busy. */
const ALONE = /started again|100,000|at every moment/;
const AT_ONCE = 4;

/**
 * Everything that every adapter must do, a few cases beside each other: most of them mostly wait for something to end,
 * and each has spaces of its own.
 */
export function redisSuite(
  test: TestFn,
  subject: { readonly name: string; open(): Promise<Subject> },
): void {
  let running = 0;
  const waiting: (() => void)[] = [];
  const inTurn =
    (body: Body): Body =>
    async (t) => {
      if (running < AT_ONCE) running += 1;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      try {
        await body(t);
      } finally {
        // Who waits longest takes the place over.
        const next = waiting.shift();
        if (next === undefined) running -= 1;
        else next();
      }
    };
  const each = (title: string, body: Body): void => {
    if (ALONE.test(title)) test.serial(title, body);
    else test(title, inTurn(body));
  };
  storeConformance(each, subject);
  windowProperties(each, subject);
}
