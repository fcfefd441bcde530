"""A trigger that keeps `quotes.usd` and `quotes.micros` in step: whoever writes one of them writes both."""

CREATE = """
CREATE FUNCTION quotes_in_step() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        NEW.micros := coalesce(NEW.micros, round(NEW.usd * 1000000));
        NEW.usd := coalesce(NEW.usd, NEW.micros / 1000000.0);
    ELSIF NEW.usd IS DISTINCT FROM OLD.usd THEN
        NEW.micros := round(NEW.usd * 1000000);
    ELSIF NEW.micros IS DISTINCT FROM OLD.micros THEN
        NEW.usd := NEW.micros / 1000000.0;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER quotes_in_step BEFORE INSERT OR UPDATE ON quotes FOR EACH ROW EXECUTE FUNCTION quotes_in_step();
"""

DROP = """
DROP TRIGGER quotes_in_step ON quotes;
DROP FUNCTION quotes_in_step();
"""
