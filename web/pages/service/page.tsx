import { useEffect, useMemo, useState } from 'preact/hooks';
import type { ProfileView, ServiceView } from '../../../src/console/source.ts';
import { moment, number, plural, span } from '../../model/format.ts';
import { hrefOf } from '../../model/router.ts';
import { openService, readProfiles, type ServiceDetail } from '../../model/service.ts';
import { loaded, refreshes, services } from '../../model/store.ts';
import { LIGHTS } from '../../model/words.ts';
import { Badge } from '../../parts/badge.tsx';
import { Empty, Page } from '../../parts/page.tsx';
import { InputsPart } from './inputs.tsx';
import { ModelsPart } from './models.tsx';
import { QualityPart } from './quality.tsx';
import { ResultsPart } from './results.tsx';
import { SegmentsPart } from './segments.tsx';

export interface PartProps {
  service: ServiceView;
  detail: ServiceDetail;
  profiles: readonly ProfileView[];
}

const PARTS = [
  { name: '', title: 'Results', View: ResultsPart },
  { name: 'inputs', title: 'Inputs', View: InputsPart },
  { name: 'segments', title: 'Segments', View: SegmentsPart },
  { name: 'models', title: 'Models', View: ModelsPart },
  { name: 'quality', title: 'Calibration', View: QualityPart },
] as const;

/** The profiles of the last windows; read anew when a window closes. */
function useProfiles(name: string, eventTimeMs: number | null): readonly ProfileView[] {
  const [profiles, setProfiles] = useState<ProfileView[]>([]);
  // The event time moves when a window closes
  useEffect(() => {
    readProfiles(name).then(setProfiles, () => {});
  }, [name, eventTimeMs]);
  return profiles;
}

export function ServicePage({ name, part }: { name: string; part: string }) {
  const service = services.value.find((one) => one.name === name);
  const refresh = refreshes.value;
  const store = useMemo(() => openService(name), [name]);
  // After missed events all is read anew
  useEffect(() => store.read(), [store, refresh]);
  useEffect(() => () => store.close(), [store]);
  const profiles = useProfiles(name, service?.eventTimeMs ?? null);
  const detail = store.detail.value;
  if (service === undefined || detail === null)
    return (
      <Page title={name}>
        <Empty>
          {store.fault.value ||
            (loaded.value && service === undefined ? `There is no service '${name}'.` : 'Reading ...')}
        </Empty>
      </Page>
    );
  const { tone, text } = LIGHTS[service.light];
  const { View } = PARTS.find((one) => one.name === part) ?? PARTS[0];
  return (
    <Page title={name} lead={service.description} aside={<Badge tone={tone}>{text}</Badge>}>
      <Streams service={service} detail={detail} />
      <nav class="tabs" aria-label={`Parts of ${name}`}>
        {PARTS.map((one) => (
          <a
            key={one.name}
            href={hrefOf(['services', name, one.name].filter(Boolean))}
            aria-current={one.name === part ? 'page' : undefined}
          >
            {one.title}
          </a>
        ))}
      </nav>
      <View service={service} detail={detail} profiles={profiles} />
    </Page>
  );
}

function Streams({ service, detail }: { service: ServiceView; detail: ServiceDetail }) {
  const { streams, counts, eventTimeMs, firing, openIncidents } = service;
  const { windowMs, budget } = detail.facts;
  const numbers = Object.entries(counts).map(
    ([name, n]) => `${number(n)} ${name === 'dead' ? 'dead letters' : name}`,
  );
  return (
    <div class="meta small">
      <span>
        {openIncidents > 0 ? (
          <a href="/incidents">{plural(openIncidents, 'open incident')}</a>
        ) : (
          'no open incident'
        )}
        , {plural(firing.length, 'alarm')} firing
      </span>
      <span class="muted">
        windows of {span(windowMs)}
        {eventTimeMs !== null && `, the last until ${moment(eventTimeMs)}`}
      </span>
      {budget !== null && (
        <span class="muted">
          budget {plural(budget.alarms, 'false alarm')} in {span(budget.periodMs)}
        </span>
      )}
      <span class="muted">{numbers.join(', ')}</span>
      <span class="chips">
        {streams.map(({ stream, state, topic, detail: said }) => (
          <span
            key={stream}
            class={`chip ${state === 'missing' || state === 'failed' ? 'bad' : ''}`}
            title={`${topic}${said && `: ${said}`}`}
          >
            {stream} {state}
          </span>
        ))}
      </span>
    </div>
  );
}
