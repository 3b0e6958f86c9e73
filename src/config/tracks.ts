import { IMAGE_MEASURES, type InputType, type TrackBaseline } from '../records.ts';

/** The series that are profiled of one input, and what each is. */
export function tracksOf(name: string, type: InputType): { track: string; type: TrackBaseline['type'] }[] {
  switch (type) {
    case 'numeric':
      return [{ track: name, type: 'numeric' }];
    case 'categorical':
      return [{ track: name, type: 'categorical' }];
    case 'text':
      return [{ track: `${name}.length`, type: 'numeric' }];
    case 'embedding':
      return [{ track: `${name}.norm`, type: 'numeric' }];
    case 'image':
      return IMAGE_MEASURES.map((measure) => ({ track: `${name}.${measure}`, type: 'numeric' }));
  }
}
