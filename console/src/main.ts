import { VueQueryPlugin } from "@tanstack/vue-query"
import { createApp } from "vue"
import { queries } from "@/api/queries"
import "@/design/tokens.css"
import "@/design/base.css"
import "@/design/theme"
import { tellFailure } from "@/parts/toasts"
import { router } from "@/router"
import Shell from "@/shell/Shell.vue"

const app = createApp(Shell)
app.config.errorHandler = (error) => {
  console.error(error)
  tellFailure(error)
}
app.use(router).use(VueQueryPlugin, { queryClient: queries }).mount("#app")
