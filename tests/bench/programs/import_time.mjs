// Imports LangGraph's package and then the library, and says how long each took.
const times = [];
for (const name of ["@langchain/langgraph-checkpoint", "./start/mod.js"]) {
  const begun = performance.now();
  await import(name);
  times.push(performance.now() - begun);
}
console.log(JSON.stringify(times));
