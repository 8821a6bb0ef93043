import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import liquibase.integration.commandline.LiquibaseCommandLine;

/** Liquibase's command line, once for each line of stdin (arguments between U+001F), in one virtual machine. */
class LiquibaseServer {
  public static void main(String[] none) throws Exception {
    PrintStream answers = System.out;
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, "UTF-8"));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      ByteArrayOutputStream said = new ByteArrayOutputStream();
      PrintStream both = new PrintStream(said, true, "UTF-8");
      System.setOut(both);
      System.setErr(both);
      int code = new LiquibaseCommandLine().execute(line.split("\u001f"));
      both.flush();
      answers.println(code + " " + said.size());
      said.writeTo(answers);
      answers.flush();
    }
  }
}
