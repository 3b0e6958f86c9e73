import { useEffect, useState } from 'preact/hooks';
import type { Incident } from '../../src/records.ts';
import { get } from '../model/api.ts';
import { plural } from '../model/format.ts';
import { alerts, incidents, openIncidents, services } from '../model/store.ts';
import { LEVEL_RANKS } from '../model/words.ts';
import { AlarmList } from '../parts/alarm-list.tsx';
import { IncidentList } from '../parts/incident-list.tsx';
import { Empty, Page, Section } from '../parts/page.tsx';
import { Silences } from '../parts/silence-list.tsx';

const PAST_SHOWN = 30;

export function IncidentsPage() {
  const [past, setPast] = useState<Incident[]>([]);
  const open = openIncidents.value;
  // One that is over is no longer among the open ones
  useEffect(() => {
    get<Incident[]>('/api/incidents/past').then(setPast, () => {});
  }, [incidents.value]);
  const firing = services.value
    .flatMap((service) => service.firing)
    .sort((a, b) => LEVEL_RANKS[b.level] - LEVEL_RANKS[a.level] || a.sinceMs - b.sinceMs);
  const shown = new Set(firing.map(({ id }) => id));
  const over = alerts.value.filter(({ id }) => !shown.has(id)).slice(0, PAST_SHOWN);
  return (
    <Page
      title="Incidents"
      lead={`${plural(open.length, 'incident')} open, ${plural(firing.length, 'alarm')} firing. An incident is alarms of one cause.`}
    >
      <Section title="Open">
        {open.length > 0 ? <IncidentList incidents={open} /> : <Empty>No incident is open.</Empty>}
      </Section>
      <Section title="Alarms that fire">
        {firing.length > 0 ? <AlarmList alerts={firing} isSilenceable /> : <Empty>No alarm fires.</Empty>}
      </Section>
      <Section title="Silences">
        <Silences />
      </Section>
      {past.length > 0 && (
        <Section title="Over">
          <IncidentList incidents={past.slice(0, PAST_SHOWN)} />
        </Section>
      )}
      {over.length > 0 && (
        <Section title="Last changes of alarms">
          <AlarmList alerts={over} />
        </Section>
      )}
    </Page>
  );
}
