/**
 * What all savers of a process, or of an edge's isolate, know together about signing in.
 *
 * Finished values alone: on an edge no request may wait for work that another one has begun.
 *
 * @module
 */
import type { TokenPlace } from "./auth.ts";
import { BoundedMap } from "../bounded_map.ts";
import type { Cloud } from "./cloud.ts";
import type { Settings } from "../config.ts";
import type { Application } from "./credential.ts";

/** Most processes know one cluster and one application; a token is some kilobytes. */
const MOST_KEPT = 100;

/** Where it is kept what a cluster said. */
export interface CloudPlace {
  cloud?: Cloud | undefined;
}

/** What savers know together that have one `fetch` and one clock. */
class Knowledge {
  readonly clouds = new BoundedMap<string, CloudPlace>(MOST_KEPT);
  readonly tokens = new BoundedMap<string, TokenPlace>(MOST_KEPT);
}

// Another `fetch` may lead to another cluster, and times mean nothing on another clock. Nothing leads
// here from outside, and what is kept for a `fetch` goes with it.
const knowledge = new WeakMap<Settings["fetch"], WeakMap<Settings["now"], Knowledge>>();

function knowledgeOf({ fetch, now }: Settings): Knowledge {
  const byClock = found(knowledge, fetch, () => new WeakMap<Settings["now"], Knowledge>());
  return found(byClock, now, () => new Knowledge());
}

/** The place of what the cluster said, for savers that trust the same hosts. */
export function cloudPlace(settings: Settings): CloudPlace {
  return found(knowledgeOf(settings).clouds, trustOf(settings), () => ({}));
}

/** The place of an application's token for a cluster, for savers that trust the same hosts. */
export function tokenPlace(settings: Settings, { id, key, tenant }: Application): TokenPlace {
  const whose = JSON.stringify([trustOf(settings), id, key, tenant]);
  return found(knowledgeOf(settings).tokens, whose, () => ({}));
}

/** What was checked for one saver holds for another only where the check would be the same. */
function trustOf({ origin, trustedHosts }: Settings): string {
  return JSON.stringify([origin, trustedHosts]);
}

function found<K, V>(
  map: { get(key: K): V | undefined; set(key: K, value: V): unknown },
  key: K,
  make: () => V,
): V {
  let value = map.get(key);
  if (value === undefined) map.set(key, value = make());
  return value;
}
