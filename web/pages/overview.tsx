import type { HeadlineView, ServiceView } from '../../src/console/source.ts';
import { about, number, plural, short } from '../model/format.ts';
import { hrefOf } from '../model/router.ts';
import {
  headlines,
  loaded,
  openIncidents,
  services,
  stepsByService,
  waitingRequests,
  waitingSteps,
} from '../model/store.ts';
import { LIGHTS } from '../model/words.ts';
import { Badge } from '../parts/badge.tsx';
import { IncidentList } from '../parts/incident-list.tsx';
import { Empty, Page, Section } from '../parts/page.tsx';
import { StageBar } from '../parts/rollout.tsx';
import { Spark } from '../parts/spark.tsx';
import { Decisions } from './decisions.tsx';

const INCIDENTS_SHOWN = 6;
const COUNTS_SHOWN = ['requests', 'labels', 'feedback', 'dead', 'late'];

function Headline({ of }: { of: HeadlineView | undefined }) {
  if (of === undefined) return <div class="headline muted small">No window has closed yet.</div>;
  const last = of.points.at(-1)?.[1];
  return (
    <div class="headline">
      <Spark points={of.points} width={240} height={44} isFilled />
      <p class="small">
        <span class="muted">{about(of.series)}</span> <b>{number(last)}</b>
      </p>
    </div>
  );
}

function Counts({ counts }: { counts: Record<string, number> }) {
  const shown = COUNTS_SHOWN.filter((name) => name === 'requests' || (counts[name] ?? 0) > 0);
  return (
    <ul class="counts">
      {shown.map((name) => (
        <li key={name} class={name === 'dead' || name === 'late' ? 'bad-text' : ''}>
          <b>{short(counts[name] ?? 0)}</b> {name === 'dead' ? 'dead letters' : name}
        </li>
      ))}
    </ul>
  );
}

function ServiceCard({ service }: { service: ServiceView }) {
  const { name, description, light, firing, openIncidents: open, counts, streams } = service;
  const { tone, text } = LIGHTS[light];
  const [step] = stepsByService.value.get(name) ?? [];
  const troubled = streams.filter(({ state }) => state === 'missing' || state === 'failed');
  const isUnderWay = step !== undefined && ['running', 'waiting', 'paused'].includes(step.status);
  return (
    <li class={`card service edge ${tone}`}>
      <div class="item-line">
        <h3>
          <a class="stretched" href={hrefOf(['services', name])}>
            {name}
          </a>
        </h3>
        <Badge tone={tone}>{text}</Badge>
      </div>
      {description !== '' && <p class="muted small clamp">{description}</p>}
      <Headline of={headlines.value.find((one) => one.service === name)} />
      <p class="small">
        {open > 0 && <b>{plural(open, 'open incident')}</b>}
        {open > 0 && ', '}
        {firing.length > 0 ? `${plural(firing.length, 'alarm')} firing` : 'no alarm fires'}
      </p>
      {isUnderWay && (
        <div class="under-way small">
          <span>
            {step.candidate}: {step.stageKind}, stage {step.stage + 1} of {step.stages}
          </span>
          <StageBar {...step} />
        </div>
      )}
      {troubled.map(({ stream, topic, state }) => (
        <p key={stream} class="small bad-text">
          {stream} {state}: {topic}
        </p>
      ))}
      <Counts counts={counts} />
    </li>
  );
}

function summary(): string {
  const red = services.value.filter(({ light }) => light === 'red').length;
  const yellow = services.value.filter(({ light }) => light === 'yellow').length;
  const calm = services.value.length - red - yellow;
  const parts = [
    red > 0 ? `${red} critical` : '',
    yellow > 0 ? `${yellow} with a warning` : '',
    calm > 0 ? `${calm} calm` : '',
  ];
  return `${plural(services.value.length, 'service')}: ${parts.filter(Boolean).join(', ')}.`;
}

export function Overview() {
  const open = openIncidents.value;
  const isWaiting = waitingRequests.value.length + waitingSteps.value.length > 0;
  return (
    <Page title="Overview" lead={loaded.value ? summary() : 'Reading ...'}>
      <Section title="Services">
        <ul class="cards">
          {services.value.map((service) => (
            <ServiceCard key={service.name} service={service} />
          ))}
        </ul>
      </Section>
      {isWaiting && (
        <Section title="Waits for a decision">
          <Decisions />
        </Section>
      )}
      <Section
        title="Open incidents"
        note={open.length > INCIDENTS_SHOWN && <a href="/incidents">all {open.length}</a>}
      >
        {open.length > 0 ? (
          <IncidentList incidents={open.slice(0, INCIDENTS_SHOWN)} />
        ) : (
          <Empty>No incident is open.</Empty>
        )}
      </Section>
    </Page>
  );
}
