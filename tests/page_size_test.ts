import { assertEquals, assertRejects } from "@std/assert";
import { KustoLimitError, KustoRequestError } from "../src/errors.ts";
import { PageSize } from "../src/reading/page_size.ts";

/** Asks for so many pages where answers hold so much; gives back every size that was asked for. */
async function sizesAskedFor(pageSize: PageSize, pages: number, room: number): Promise<number[]> {
  const asked: number[] = [];
  for (let page = 0; page < pages; page++) {
    await pageSize.read((size) => {
      asked.push(size);
      return size > room ? Promise.reject(new KustoLimitError("large")) : Promise.resolve();
    });
  }
  return asked;
}

Deno.test("pages double with every answer up to the largest", async () => {
  assertEquals(await sizesAskedFor(new PageSize(3, 20), 5, Infinity), [3, 6, 12, 20, 20]);
});

Deno.test("a page that is too large shrinks until it fits, and the next one is no larger", async () => {
  assertEquals(await sizesAskedFor(new PageSize(100, 100), 3, 5), [100, 13, 2, 2, 4]);
});

Deno.test("an answer about one thing that is too large is an error, and so is every other failure", async () => {
  await assertRejects(() => sizesAskedFor(new PageSize(100, 100), 1, 0), KustoLimitError);
  let asked = 0;
  const refuse = () => Promise.reject(new KustoRequestError(`refused ${++asked}`));
  await assertRejects(() => new PageSize(100, 100).read(refuse), KustoRequestError, "refused 1");
});
