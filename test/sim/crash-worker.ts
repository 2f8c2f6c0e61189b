/** A process of the fleet that crashes a host. */
import { crashAt } from './crash.ts'
import { serve } from './serve.ts'

serve(crashAt)
