// Bun knows no import map: what deno.json says of @std/async is said here.
import * as async from "../stand-ins/async/mod.ts";

declare const Bun: {
  plugin(plugin: {
    name: string;
    setup(build: {
      module(name: string, load: () => { exports: object; loader: "object" }): void;
    }): void;
  }): void;
};

Bun.plugin({
  name: "stand-ins",
  setup: (build) => build.module("@std/async", () => ({ exports: async, loader: "object" })),
});
