/**
 * `docs/dashboard.json`: a dashboard of Azure Data Explorer over the functions for people.
 *
 * Its form is the one that the web UI exports and imports, of version 60, as in the dashboard that Microsoft's
 * FinOps toolkit has for its users, with the parameter for times that Fabric's definition of dashboards describes.
 *
 * @module
 */

const SCHEMA_VERSION = "60";
const FIRST_PAGE = "Agents";
const THREAD_PAGE = "A thread";

interface Tile {
  readonly page: string;
  readonly title: string;
  readonly visual: keyof typeof VISUALS;
  readonly place: readonly [x: number, y: number, width: number, height: number];
  readonly query: string;
}

const TILES: readonly Tile[] = [
  {
    page: FIRST_PAGE,
    title: "Now",
    visual: "multistat",
    place: [0, 0, 24, 5],
    query: `union
  (print position = 1, what = "Questions that wait", amount = toscalar(PendingInterrupts(_startTime) | where asked_at <= _endTime | count)),
  (print position = 2, what = "Active threads", amount = toscalar(ActiveThreads(_startTime) | where last_active <= _endTime | count)),
  (print position = 3, what = "Failed tasks", amount = toscalar(FailedTasks(_startTime) | where failed_at <= _endTime | count)),
  (print position = 4, what = "Threads that stand at a failure", amount = toscalar(FailedTasks(_startTime) | where failed_at <= _endTime and is_latest | summarize dcount(thread_id)))
| order by position asc
| project what, amount`,
  },
  {
    page: FIRST_PAGE,
    title: "Threads by their last checkpoint",
    visual: "timechart",
    place: [0, 5, 12, 7],
    query: `ActiveThreads(_startTime)
| where last_active <= _endTime
| summarize threads = count() by bin(last_active, 1h)
| order by last_active asc`,
  },
  {
    page: FIRST_PAGE,
    title: "Milliseconds of a step, waits for people left out",
    visual: "timechart",
    place: [12, 5, 12, 7],
    query: `StepDurations(_startTime)
| where ended <= _endTime and not(waited)
| summarize median = percentile(duration / 1ms, 50), slow = percentile(duration / 1ms, 95) by bin(ended, 1h)
| order by ended asc`,
  },
  {
    page: FIRST_PAGE,
    title: "Questions that wait for an answer",
    visual: "table",
    place: [0, 12, 24, 7],
    query: `PendingInterrupts(_startTime)
| where asked_at <= _endTime
| project asked_at, waiting, thread_id, node, question`,
  },
  {
    page: FIRST_PAGE,
    title: "Failures by their kind",
    visual: "column",
    place: [0, 19, 8, 7],
    query: `FailedTasks(_startTime)
| where failed_at <= _endTime
| summarize failures = count() by name
| order by failures desc`,
  },
  {
    page: FIRST_PAGE,
    title: "Failed tasks",
    visual: "table",
    place: [8, 19, 16, 7],
    query: `FailedTasks(_startTime)
| where failed_at <= _endTime
| project failed_at, thread_id, step, node, name, message = substring(message, 0, 200), is_latest`,
  },
  {
    page: FIRST_PAGE,
    title: "Threads that take most",
    visual: "table",
    place: [0, 26, 24, 7],
    query: `StorageByThread()
| top 20 by bytes desc`,
  },
  {
    page: THREAD_PAGE,
    title: "How it came to be",
    visual: "table",
    place: [0, 0, 24, 8],
    query: `ThreadTimeline(_thread)
| project created_at, checkpoint_ns, step, source, nodes, interrupted, failed, is_latest, checkpoint_id`,
  },
  {
    page: THREAD_PAGE,
    title: "State",
    visual: "table",
    place: [0, 8, 12, 10],
    query: `ThreadState(_thread)
| project channel, value, bytes`,
  },
  {
    page: THREAD_PAGE,
    title: "Messages",
    visual: "table",
    place: [12, 8, 12, 10],
    query: `Messages(_thread)
| project position, role, content, tool_calls`,
  },
];

const CHART = {
  multipleYAxes: {
    base: {
      id: "-1",
      label: "",
      columns: [],
      yAxisMaximumValue: null,
      yAxisMinimumValue: null,
      yAxisScale: "linear",
      horizontalLines: [],
    },
    additional: [],
    showMultiplePanels: false,
  },
  hideLegend: false,
  legendLocation: "bottom",
  xColumnTitle: "",
  xColumn: null,
  yColumns: null,
  seriesColumns: null,
  xAxisScale: "linear",
  verticalLine: "",
  crossFilterDisabled: false,
  drillthroughDisabled: false,
  crossFilter: [],
  drillthrough: [],
  selectedDataOnLoad: { all: true, limit: 10 },
  dataPointsTooltip: { all: false, limit: 1 },
};

/** The options of each kind of tile that is used. */
const VISUALS = {
  column: CHART,
  multistat: {
    multiStat__textSize: "auto",
    multiStat__valueColumn: "amount",
    colorRulesDisabled: true,
    colorStyle: "light",
    multiStat__displayOrientation: "horizontal",
    multiStat__labelColumn: "what",
    multiStat__slot: { width: 4, height: 1 },
    colorRules: [],
  },
  table: {
    table__enableRenderLinks: true,
    colorRulesDisabled: true,
    colorStyle: "light",
    crossFilterDisabled: false,
    drillthroughDisabled: false,
    crossFilter: [],
    drillthrough: [],
    table__renderLinks: [],
    colorRules: [],
  },
  timechart: CHART,
};

/** An id that is the same each time. */
async function idOf(name: string): Promise<string> {
  const bytes = new TextEncoder().encode(`kusto-checkpoint ${name}`);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).slice(0, 16);
  digest[6] = (digest[6]! & 0x0f) | 0x50;
  digest[8] = (digest[8]! & 0x3f) | 0x80;
  const digits = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** The file. */
export async function dashboardFile(): Promise<string> {
  const dataSourceId = await idOf("data source");
  const variables = ["_startTime", "_endTime", "_thread"];
  const tiles = TILES.map(async ({ page, title, visual, place: [x, y, width, height], query }) => ({
    tile: {
      id: await idOf(`tile ${page} ${title}`),
      title,
      visualType: visual,
      pageId: await idOf(`page ${page}`),
      layout: { x, y, width, height },
      queryRef: { kind: "query", queryId: await idOf(`query ${page} ${title}`) },
      visualOptions: VISUALS[visual],
    },
    query: {
      dataSource: { kind: "inline", dataSourceId },
      text: query,
      id: await idOf(`query ${page} ${title}`),
      usedVariables: variables.filter((name) => query.includes(name)),
    },
  }));
  const parts = await Promise.all(tiles);
  const dashboard = {
    $schema: `https://dataexplorer.azure.com/static/d/schema/${SCHEMA_VERSION}/dashboard.json`,
    id: await idOf("dashboard"),
    eTag: await idOf("edition"),
    title: "LangGraph agents",
    schema_version: SCHEMA_VERSION,
    tiles: parts.map(({ tile }) => tile),
    baseQueries: [],
    parameters: [
      {
        kind: "duration",
        id: await idOf("parameter time"),
        displayName: "Time range",
        description: "",
        beginVariableName: "_startTime",
        endVariableName: "_endTime",
        defaultValue: { kind: "dynamic", count: 1, unit: "days" },
        showOnPages: { kind: "all" },
      },
      {
        kind: "string",
        selectionType: "freetext",
        id: await idOf("parameter thread"),
        displayName: "Thread",
        description: "The id of a thread",
        variableName: "_thread",
        defaultValue: { kind: "value", value: "" },
        showOnPages: { kind: "all" },
      },
    ],
    dataSources: [{
      id: dataSourceId,
      kind: "manual-kusto",
      scopeId: "kusto",
      name: "agents",
      clusterUri: "https://mycluster.westeurope.kusto.windows.net/",
      database: "agents",
    }],
    pages: await Promise.all([FIRST_PAGE, THREAD_PAGE].map(async (name) => ({
      name,
      id: await idOf(`page ${name}`),
    }))),
    queries: parts.map(({ query }) => query),
  };
  return `${JSON.stringify(dashboard, null, 2)}\n`;
}
